"""Images of any size: their codes as maps, in tiles, and the functions of a model without a size."""

import numpy as np
import pytest
from small_maps import built, images, reconstructed

from kerasae import Recipe
from kerasae.models import at_any_size, at_size, mapped, rebuilt, unmapped


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_the_parts_of_a_reconstruction_make_it(dtype):
    """Seams cannot be seen in either precision: a tile is rounded as the whole image is, number by number."""
    model = built((16, 16, 1), "denoising", dtype=dtype, shortcut=dtype != "float32")
    x = images(150, 97, 1)
    whole = at_size(model, 150, 97)
    codes, made = whole.transform(x[None]), rebuilt(model, x, tile=24)
    code = mapped(model, x, tile=24)
    grey_level = 1 / 255
    near = 1e-6 if dtype == "float32" else 1e-3 * grey_level
    np.testing.assert_allclose(code, codes.reshape(whole.code_shape), atol=near)
    np.testing.assert_allclose(made, whole.inverse_transform(codes)[0], atol=near)
    np.testing.assert_allclose(unmapped(model, code, 150, 97, tile=24), made, atol=near)


def test_images_of_all_sizes_share_a_graph():
    model = built((16, 16, 1))
    traced = []
    for height, width in ((16, 16), (40, 9), (3, 80)):
        rebuilt(model, images(height, width, 1))
        traced.append(model._graphs.once(("any size", "reconstruct", "float32"), None))
    assert len(set(map(id, traced))) == 1
    assert traced[0].experimental_get_tracing_count() == 1


def test_what_a_model_learns_reaches_images_of_any_size():
    model = built((16, 16, 1))
    x = images(20, 31, 1)
    before = rebuilt(model, x)
    model.fit(images(16, 16, 16, 1), epochs=1, verbose=0)
    assert np.abs(rebuilt(model, x) - before).max() > 0
    expected = reconstructed(at_size(model, 20, 31), x[None])[0]
    np.testing.assert_allclose(rebuilt(model, x), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("family", "settings"),
    [
        ("sparse", {"model": {"k": 1, "k_by": "place"}}),
        ("variational", {"normalization": "batch"}),
        ("contractive", {"filters": [4], "strides": 3}),
    ],
)
def test_the_functions_for_any_size_are_the_model_of_each_size(family, settings):
    model = built((16, 16, 2), family, **settings)
    functions = at_any_size(model)
    for height, width in ((1, 1), (16, 16), (37, 26)):
        x = images(3, height, width, 2)
        whole = at_size(model, height, width)
        codes = whole.transform(x)
        found = functions.encode(x)
        np.testing.assert_allclose(found, codes.reshape(3, *whole.code_shape), atol=1e-6)
        np.testing.assert_allclose(
            functions.decode(found, height, width), whole.inverse_transform(codes), atol=1e-6
        )
        np.testing.assert_allclose(functions.reconstruct(x), whole.inverse_transform(codes), atol=1e-6)


def test_a_map_of_another_shape_is_refused():
    model = built((16, 16, 1))
    code = mapped(model, images(20, 31, 1))
    assert code.shape == (5, 8, 3)
    with pytest.raises(ValueError, match=r"shape \(5, 9, 3\) for an image of 20 x 33 .* \(5, 8, 3\)"):
        unmapped(model, code, 20, 33)
    with pytest.raises(ValueError, match="`height` must be a positive integer"):
        unmapped(model, code, 0, 31)


def test_raw_units_come_unrounded_into_an_array_of_floating_point(digits):
    network = {"name": "spatial", "filters": [4], "residual_blocks": 0}
    model = Recipe.of("denoising", latent_dim=2, network=network).build(digits)
    image = np.random.default_rng(0).integers(0, 17, (30, 21, 1))
    out = np.empty(image.shape, "float32")
    assert rebuilt(model, image, tile=8, out=out) is out
    assert (out != np.rint(out)).any()
    whole = at_size(model, 30, 21)
    expected = model.preprocessor.inverse(whole.decode(whole.encode(whole.preprocessor(image[None]))))[0]
    np.testing.assert_allclose(out, expected, atol=1e-4)
    again = np.empty_like(out)
    unmapped(model, mapped(model, image), 30, 21, out=again)
    np.testing.assert_allclose(again, out, atol=1e-4)
