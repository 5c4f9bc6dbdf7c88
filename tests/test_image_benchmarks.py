"""What the benchmarks of images measure."""

import numpy as np
import pytest
from images import denoising, large, latency, rates
from PIL import Image
from small_maps import built

from kerasae import Recipe
from kerasae.applications.compression._maps.curves import MapPoint
from kerasae.runs import run_recipe
from kerasae.workflows import make_recipe


def test_a_latency_is_the_median_a_megapixel():
    calls = []
    found = latency._medians({"quick": (lambda: calls.append(1), 10), latency.BASE: (lambda: None, 1000)}, 3)
    # The first call, in which graphs are traced, does not count.
    assert len(calls) == 4
    assert found["quick"] > 0
    lines = latency.table({"model": 30.0, latency.BASE: 1200.0}).splitlines()
    assert lines[2:] == ["| model | 30.0 | 0.025 |", "| non-local means | 1,200.0 | 1.000 |"]


@pytest.mark.slow
def test_a_model_is_timed_in_keras_on_a_server_and_on_a_device(digits):
    pytest.importorskip("skimage")
    network = {"name": "spatial", "filters": [4], "residual_blocks": 0}
    model = Recipe.of("denoising", latent_dim=2, network=network).build(digits)
    found = latency.latencies(model, height=30, width=20, tile=12, repeats=1, data=digits)
    assert [*found] == [
        "Keras, `rebuilt`",
        "SavedModel, any size",
        "TFLite float32, 12 x 12",
        "TFLite int8, 12 x 12",
        latency.BASE,
        "Gaussian filter",
    ]
    assert min(found.values()) > 0


def test_psnr_of_known_noise_and_the_published_figures():
    truth = np.full((4, 4, 1), 100.0, "float32")
    assert denoising.psnr(truth + 25, truth) == pytest.approx(20.172, abs=1e-3)
    lines = denoising.table({"a.png": (20.0, 30.0), "b.png": (21.0, 31.0)}, 25).splitlines()
    assert lines[2] == "| a.png | 20.00 | 30.00 |"
    assert lines[4] == "| mean | 20.50 | 30.500 |"
    assert "| BM3D, published | | 29.97 |" in lines


@pytest.mark.slow
def test_photographs_are_denoised_whole_without_rounding(tmp_path):
    rng = np.random.default_rng(0)
    for folder, sizes in (("train", [(64, 192)] * 6), ("set12", [(33, 21), (16, 40)])):
        (tmp_path / folder).mkdir()
        for number, size in enumerate(sizes):
            image = Image.fromarray(rng.integers(0, 256, size).astype("uint8"))
            image.save(tmp_path / folder / f"{number}.png")
    run = denoising.trained(tmp_path / "train", tmp_path / "run", steps=3, sigma=25, blind=False)
    assert run.recipe.model["corruption"] == {"name": "gaussian", "level": 25 / 255}
    found = denoising.cleaned(run.model, tmp_path / "set12", sigma=25)
    assert [*found] == ["0.png", "1.png"]
    # Neither rounded nor clipped: clipping would raise the PSNR of noise on so dark and bright pixels.
    assert all(before == pytest.approx(20.17, abs=0.6) for before, _ in found.values())
    assert all(5 < after < 60 for _, after in found.values())


def test_a_large_photograph_is_made_of_others_and_its_tiles_have_no_seams(tmp_path):
    for number in range(3):
        Image.fromarray(np.full((9, 7 + number), 100 + number, "uint8")).save(tmp_path / f"{number}.png")
    image = large.photograph(tmp_path, 40, 30)
    assert image.shape == (40, 30)
    assert 70 <= image.min() < image.max() <= 133
    model = built((16, 16, 1))
    x = image[..., None] / 255.0
    assert large.seam_error(model, x, 8) < 1e-6


@pytest.mark.slow
def test_rates_of_a_model_stand_beside_those_of_files(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(8):
        smooth = np.kron(rng.integers(60, 200, (6, 6)), np.ones((8, 8)))
        Image.fromarray(smooth.astype("uint8")).save(tmp_path / f"{number}.png")
    small = {
        "data.crop": 16,
        "network.filters": [4],
        "network.strides": 8,
        "network.residual_blocks": 0,
        "network.dtype": "float32",
        "train.steps": 30,
    }
    recipe = make_recipe(str(tmp_path), {**rates.SETTINGS, **small}, preset="compressor")
    run = run_recipe(recipe, tmp_path / "run")
    images = rates.images_of(run.data, "validation", side=40)
    assert [image.shape for image in images] == [(40, 40, 1)]
    found = {
        "model": rates.model_curve(run.model, run.data, images),
        "PCA": rates.block_curve(run.data, images),
        "JPEG": rates.file_curve("JPEG", run.data, images),
        "WebP": rates.file_curve("WEBP", run.data, images),
    }
    for name, curve in found.items():
        bits, ratios = ([getattr(point, key) for point in curve] for key in ("rate", "psnr"))
        assert len(curve) > 2, name
        assert bits[-1] > bits[0] > 0, name
        # 30 steps train no model.
        assert name == "model" or ratios[-1] > ratios[0], name


def test_shares_are_of_the_bits_of_the_reference_without_headers():
    # At equal PSNR the curve takes half of the bits, of which half are headers.
    reference = [MapPoint(2 + rate, 30 + rate, 0.0, rate) for rate in (0.2, 0.5, 0.9)]
    curve = [MapPoint(point.bare / 2, point.psnr, 0.0, point.bare / 4) for point in reference]
    found = rates.shares(curve, reference)
    assert found == pytest.approx({0.2: 0.5, 0.3: 0.5, 0.4: 0.5, 0.6: 0.5, 0.8: 0.5})
    assert rates.shares(curve, reference, bare=True)[0.4] == pytest.approx(0.25)
    assert rates.shares(curve[1:], reference).keys() == {0.6, 0.8}


def test_the_central_part_of_a_photograph():
    image = np.arange(63).reshape(9, 7, 1)
    np.testing.assert_array_equal(rates.central(image, 3)[..., 0], [[23, 24, 25], [30, 31, 32], [37, 38, 39]])
