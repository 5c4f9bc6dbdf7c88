"""Codes that are maps: what lies where, one model for images of every size, and tiles without seams."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from kerasae.export import Subject, Trainable
from scipy.fft import dctn, idctn
from small_maps import built, images, reconstructed

from kerasae import Recipe, load_model, registry
from kerasae.layers import TopK
from kerasae.maps import maps_of, side_of
from kerasae.models import (
    UndercompleteAutoencoder,
    all_layers,
    at_size,
    mapped,
    rebuilt,
    unmapped,
)
from kerasae.models._anywhere.axes import Axis
from kerasae.models._tiles import _reach
from kerasae.networks import spatial
from kerasae.spec import Spec

FAMILIES = registry.names("model")
#: Networks with different squares, and the pixels on a side of each.
SQUARES = {
    2: {"filters": [5]},
    4: {"filters": [4, 5], "shortcut": True},
    3: {"filters": [4], "strides": 3},
}


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=4, deadline=None, derandomize=True)
@given(height=st.integers(1, 97), width=st.integers(1, 65), channels=st.integers(1, 4))
def test_an_image_of_any_size_has_a_map_and_comes_back(family, height, width, channels):
    model = built((height, width, channels), family, {"probes": 1} if family == "contractive" else None)
    x = images(2, height, width, channels)
    codes = model.transform(x)
    rows, columns = -(-height // 4), -(-width // 4)
    assert model.code_shape == (rows, columns, 3)
    assert codes.shape == (2, model.latent_dim) == (2, rows * columns * 3)
    assert model.inverse_transform(codes).shape == x.shape
    loss, _ = model.objective(x, None, None, training=False)
    assert np.isfinite(loss)


@pytest.mark.parametrize(("numbers", "channels"), [(16, 1), (48, 3), (50, 3), (7, 2)])
def test_a_path_of_cosines_starts_as_the_transform_of_squares(numbers, channels):
    recipe = Recipe.of(
        latent_dim=numbers,
        model={"code_initializer": "identity", "code_steps": [0.1, 0.1]},
        network={"name": "spatial", "filters": [4, 5], "shortcut": "cosines"},
    )
    model = recipe.build(Spec("image", (8, 12, channels)))
    x = images(2, 8, 12, channels)
    codes = model.transform(x).reshape(2, 2, 3, numbers)
    square = dctn(x[1, 4:, 4:8], norm="ortho")
    np.testing.assert_allclose(codes[1, 1, 1, 0], square[0, 0, 0], atol=1e-5)
    complete = min(numbers, square.size)
    # The numbers are the coefficients, low frequencies first.
    found = np.sort(np.abs(codes[1, 1, 1, :complete]))
    frequencies = np.indices(square.shape).sum(axis=0)
    order = np.argsort(frequencies, axis=None, kind="stable")[:complete]
    np.testing.assert_allclose(found, np.sort(np.abs(square.ravel()[order])), atol=1e-5)
    kept = np.zeros(square.size)
    kept[order] = square.ravel()[order]
    rebuilt = idctn(kept.reshape(square.shape), norm="ortho")
    np.testing.assert_allclose(model.inverse_transform(model.transform(x))[1, 4:, 4:8], rebuilt, atol=1e-5)


def test_a_path_of_cosines_needs_one_number_for_each_value():
    recipe = Recipe.of("denoising", latent_dim=3, network={"name": "spatial", "shortcut": "cosines"})
    with pytest.raises(ValueError, match="needs a loss with one number for each value, received 2"):
        recipe.override({"loss.name": "gaussian", "loss.scale": "predicted"}).build(Spec("image", (8, 8, 1)))


def test_the_code_of_a_vector_network_is_no_map(digits):
    model = Recipe.of(latent_dim=5).build(digits)
    assert model.code_shape == (5,)
    assert maps_of(model.encoder, model.decoder) is None


@pytest.mark.parametrize("square", SQUARES)
def test_a_number_of_the_code_stands_for_its_place(square):
    """What it says depends on the pixels around its square, and it changes only these."""
    model = built((48, 36, 1), residual_blocks=0, **SQUARES[square])
    assert side_of(maps_of(model.encoder, model.decoder)[1]) == square
    x = images(1, 48, 36, 1)
    changed = x.copy()
    row, column = 40, 6
    changed[0, row, column] += 1
    before, after = (model.transform(one).reshape(model.code_shape) for one in (x, changed))
    moved = np.argwhere(np.abs(after - before).sum(axis=-1) > 1e-9)
    # The kernels of one or two levels reach little further than a square.
    assert len(moved)
    assert np.abs(moved * square + square / 2 - [row, column]).max() <= 2.5 * square
    assert (moved == [row // square, column // square]).all(axis=1).any()
    codes = model.transform(x)
    other = codes.reshape(1, *model.code_shape).copy()
    other[0, row // square, column // square] += 1
    difference = model.inverse_transform(other.reshape(1, -1)) - model.inverse_transform(codes)
    drawn = np.argwhere(np.abs(difference[0, ..., 0]) > 1e-9)
    assert len(drawn) >= square**2
    assert np.abs(drawn - [row, column]).max() <= 5 * square


def test_each_pixel_is_covered_equally_often():
    """Kernels of other lengths draw checkerboards: of 3 at a stride of 2, one to four cover a pixel."""
    for square, network in SQUARES.items():
        model = built((12 * square, 12 * square, 1), residual_blocks=0, activation="linear", **network)
        for layer in all_layers(model.decoder):
            if hasattr(layer, "kernel"):
                layer.set_weights(
                    [np.ones_like(layer.get_weights()[0]), np.zeros_like(layer.get_weights()[1])]
                )
        drawn = np.asarray(model.decoder(np.ones((1, model.latent_dim), "float32")))[0]
        inside = drawn[3 * square : -3 * square, 3 * square : -3 * square]
        assert np.ptp(inside) == 0
        assert inside.max() > 0


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_weights_work_at_another_size(family):
    """Where the border is far away, a part of an image has the part of its map."""
    model = built((16, 16, 2), family)
    reach = _reach(model)[0]
    large, part = at_size(model, 4 * reach, 4 * reach), at_size(model, 3 * reach, 3 * reach)
    assert type(part) is type(model)
    assert (part.code_shape, part.encoder.input_shape[1:3]) == (
        (3 * reach // 4,) * 2 + (3,),
        (3 * reach,) * 2,
    )
    x = images(1, 4 * reach, 4 * reach, 2)
    there = np.s_[0, reach : 2 * reach, reach : 2 * reach]
    expected = reconstructed(large, x)[there]
    found = reconstructed(part, x[:, : 3 * reach, : 3 * reach])[there]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_model_at_another_size_is_one_like_any_other(tmp_path):
    model = built((16, 16, 2), "variational")
    whole = at_size(model, 21, 34)
    x = images(4, 21, 34, 2)
    before, start = reconstructed(model, x[:, :16, :16]), whole.transform(x)
    whole.fit(x, epochs=1, verbose=0)
    # It has weights of its own.
    assert np.abs(whole.transform(x) - start).max() > 0
    np.testing.assert_array_equal(reconstructed(model, x[:, :16, :16]), before)
    whole.save(tmp_path / "whole.keras")
    again = load_model(tmp_path / "whole.keras")
    np.testing.assert_array_equal(again.transform(x), whole.transform(x))
    assert reconstructed(at_size(again, 16, 16), x[:, :16, :16]).shape == (4, 16, 16, 2)


def test_what_a_penalty_remembers_stays_at_its_size():
    model = built((16, 16, 1), "sparse", {"penalty": "kl", "momentum": 0.5})
    model.fit(images(8, 16, 16, 1), epochs=1, verbose=0)
    large = at_size(model, 32, 16)
    assert large.code_penalty.average.shape == (2 * model.latent_dim,)
    for part in ("encoder", "to_code", "decoder"):
        for ours, theirs in zip(getattr(model, part).weights, getattr(large, part).weights, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_size_of_its_own_changes_nothing(digits):
    model = Recipe.of("variational", latent_dim=2, network={"name": "spatial"}).build(digits)
    same = at_size(model, 8, 8)
    raw = digits.test.examples[:9]
    np.testing.assert_array_equal(same.transform(raw), model.transform(raw))
    np.testing.assert_array_equal(reconstructed(same, raw), reconstructed(model, raw))
    assert reconstructed(same, raw).dtype == raw.dtype


@pytest.mark.parametrize("square", SQUARES)
@settings(max_examples=5, deadline=None, derandomize=True)
@given(height=st.integers(1, 97), width=st.integers(1, 65), tile=st.integers(1, 40))
def test_tiles_are_the_whole_image(square, height, width, tile):
    model = built((16, 16, 1), "denoising", residual_blocks=0, **SQUARES[square])
    x = images(height, width, 1, seed=height + width)
    whole = at_size(model, height, width)
    codes = whole.transform(x[None])
    expected = whole.inverse_transform(codes)[0]
    made = rebuilt(model, x, tile=tile)
    np.testing.assert_allclose(made, expected, atol=1e-6)
    code = mapped(model, x, tile=tile)
    np.testing.assert_allclose(code, codes.reshape(whole.code_shape), atol=1e-6)
    np.testing.assert_allclose(unmapped(model, code, height, width, tile=tile), made, atol=1e-6)


@pytest.mark.parametrize("settings", [{"model": {"k": 1, "k_by": "place"}}, {"normalization": "batch"}, {}])
def test_many_tiles_are_the_whole_image(settings):
    """Of two levels with residual blocks, along both axes, with borders on all sides of a tile."""
    model = built((16, 16, 1), "sparse" if "model" in settings else "variational", **settings)
    x = images(170, 141, 1)
    assert [len([*Axis.of(size, 8, *_reach(model)).tiles()]) for size in (170, 141)] == [22, 18]
    expected = reconstructed(at_size(model, 170, 141), x[None])[0]
    np.testing.assert_allclose(rebuilt(model, x, tile=24), expected, atol=1e-6)


def test_no_pixel_matters_beyond_the_reach():
    """Tiles are whole because of it: what a pixel of the reconstruction depends on, by the gradient."""
    for network in SQUARES.values():
        model = built((160, 160, 1), activation="tanh", **network)
        reach, _ = _reach(model)
        assert reach < 80
        x = tf.constant(images(1, 160, 160, 1))
        with tf.GradientTape() as tape:
            tape.watch(x)
            pixel = model.decode(model.encode(x))[0, 80, 79, 0]
        seen = np.argwhere(np.abs(tape.gradient(pixel, x)[0, ..., 0]) > 0)
        assert reach / 4 < np.abs(seen - [80, 79]).max() <= reach


def test_tiles_come_back_in_the_type_of_the_training_and_where_they_are_asked_for(digits, tmp_path):
    network = {"name": "spatial", "filters": [4], "residual_blocks": 0}
    model = Recipe.of("denoising", latent_dim=2, network=network).build(digits)
    image = np.random.default_rng(0).integers(0, 17, (70, 90, 1))
    expected = reconstructed(at_size(model, 70, 90), image[None])[0]
    assert expected.dtype == digits.spec.dtype
    out = np.lib.format.open_memmap(tmp_path / "out.npy", "w+", expected.dtype, image.shape)
    assert rebuilt(model, image, tile=8, out=out) is out
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(rebuilt(model, image.astype("float32"), tile=8), expected)
    # Without a preprocessor the numbers are those of the network.
    plain = built((16, 16, 1))
    assert rebuilt(plain, image, tile=8).dtype == "float32"
    for wrong, message in (
        ({"image": image[..., 0]}, r"Expected an image of shape \(height, width, 1\), received .*\(70, 90\)"),
        ({"out": out[:5]}, r"Expected `out` of shape \(70, 90, 1\)"),
        ({"out": out.astype("int8")}, "and type .*, received .*int8"),
        ({"tile": 0}, "`tile` must be a positive integer"),
    ):
        with pytest.raises(ValueError, match=message):
            rebuilt(model, **{"image": image, **wrong})


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"network": {"name": "conv"}}, r"whose code is a map.*--network spatial"),
        ({"preprocessing": {"name": "standardization"}}, "preprocessing.name=rescaling"),
        ({"model": {"name": "sparse", "k": 5}}, "model.k_by=place"),
        ({"model": {"name": "sparse", "k": 1, "k_by": "channel"}}, "model.k_by=place"),
    ],
)
def test_what_belongs_to_one_size_is_refused_at_another(sections, message):
    sections = {"network": {"name": "spatial"}, **sections}
    recipe = Recipe.of(None if "model" in sections else "denoising", latent_dim=2, **sections)
    model = recipe.build(recipe.load())
    with pytest.raises(ValueError, match=message):
        at_size(model, 16, 16)
    with pytest.raises(ValueError, match=message):
        rebuilt(model, np.zeros((16, 16, 1)))


def test_sizes_are_positive():
    with pytest.raises(ValueError, match="`width` must be a positive integer"):
        at_size(built((8, 8, 1)), 8, 0)


def test_a_map_does_not_learn_on_a_device(digits, tmp_path):
    recipe = Recipe.of(latent_dim=2, network={"name": "spatial", "filters": [3]})
    what = Subject.of(recipe.build(digits), data=digits, name="m")
    with pytest.raises(ValueError, match="Expected a network of dense layers"):
        Trainable().write(what, tmp_path / "m.tflite")


@pytest.mark.parametrize(("by", "axis"), [("place", -1), ("channel", (0, 1))])
def test_the_largest_of_each_part_of_a_map_are_kept(by, axis):
    model = built((20, 12, 1), "sparse", {"k": 2, "k_by": by})
    codes = model.transform(images(4, 20, 12, 1)).reshape(4, *model.code_shape)
    for code in codes:
        assert ((code != 0).sum(axis=axis) == 2).all()
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(model))
    assert again.top_k.by == by
    values = images(1, 10)
    found = np.asarray(TopK(1, by=by, channels=5)(values)).reshape(2, 5)
    places = values.reshape(2, 5)
    largest = places.max(axis=0 if by == "channel" else 1, keepdims=True)
    np.testing.assert_array_equal(found, np.where(places == largest, places, 0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filters": []}, "`filters` must name the channels"),
        ({"filters": [4, 0]}, "`filters` must be a positive integer"),
        ({"strides": 0}, "`strides` must be a positive integer"),
        ({"residual_blocks": -1}, "`residual_blocks` must be non-negative"),
    ],
)
def test_bad_maps(arguments, message):
    with pytest.raises(ValueError, match=message):
        spatial(Spec("image", (4, 4, 1)), **arguments)


def test_what_needs_a_map_says_so():
    with pytest.raises(ValueError, match=r"needs images .*shape \(5,\).*--network dense"):
        spatial(Spec("vector", (5,)))
    with pytest.raises(ValueError, match="by place, received one that is a vector"):
        Recipe.of("sparse", model={"k": 1, "k_by": "place"}).build(Spec("image", (4, 4, 1)))
    with pytest.raises(ValueError, match="`k_by` needs a `k`"):
        built((8, 8, 1), "sparse", {"k_by": "place"})
    with pytest.raises(ValueError, match="`k` must not exceed the number of channels 3, received 4"):
        built((8, 8, 1), "sparse", {"k": 4, "k_by": "place"})
    with pytest.raises(ValueError, match="`by` must be one of code, place, channel"):
        TopK(1, by="row")
    encoder, _ = spatial(Spec("image", (8, 8, 1)), 3)
    decoder = keras.Sequential([keras.Input((6,)), keras.layers.Dense(64), keras.layers.Reshape((8, 8, 1))])
    with pytest.raises(ValueError, match="equal number of entries for each of the 4 places"):
        UndercompleteAutoencoder(encoder, decoder)
