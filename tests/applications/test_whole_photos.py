"""Denoising of photos in their own sizes, by a model that was trained on crops of them."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerasae import PCA, Recipe, Run, load_data
from kerasae.applications import Denoising
from kerasae.applications._any_size import remade, with_whole_images
from kerasae.data import read_examples
from kerasae.models import rebuilt
from kerasae.runs import run_recipe
from kerasae.spec import Spec
from kerasae.workflows import apply

SIZES = [(8, 8), (20, 33), (16, 16), (9, 40), (31, 18), (7, 5), (24, 25)]


def photo(number, height, width):
    """Stripes of a direction and a width of their own."""
    rows, columns = np.mgrid[:height, :width]
    waves = np.sin(rows * np.cos(number) / 2 + columns * np.sin(number) / 2)
    return np.round(127.5 + 90 * waves).astype("uint8")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with photos, noisy ones, and a run on crops of the photos."""
    home = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for number, size in enumerate(SIZES * 4):
        clean = photo(number, *size)
        noisy = np.clip(clean + 25 * rng.normal(size=size), 0, 255).round().astype("uint8")
        for folder, pixels in (("clean", clean), ("noisy", noisy)):
            (home / folder).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(home / folder / f"{number:02}.png")
    recipe = Recipe.of(
        "denoising",
        source=f"photos:{home / 'clean'}",
        latent_dim=16,
        data={"crop": 8},
        model={"corruption": {"name": "gaussian", "level": 0.1}},
        network={"name": "spatial", "filters": [16], "residual_blocks": 1},
        train={"epochs": 150, "batch_size": 16, "learning_rate": 3e-3},
    )
    run_recipe(recipe, home / "run")
    return home


def psnr(images, truth):
    return np.mean(
        [10 * np.log10(255**2 / np.mean((a - b) ** 2.0)) for a, b in zip(images, truth, strict=True)]
    )


def opened(folder):
    return [np.asarray(Image.open(path), "float64") for path in sorted(folder.iterdir())]


class Darkest:
    """A codec of squares of 8 x 8 pixels, whose code is their darkest pixel."""

    def transform(self, raw):
        return raw.reshape(len(raw), -1).min(axis=1, keepdims=True)

    def inverse_transform(self, codes):
        return np.broadcast_to(codes[:, :, None, None], (len(codes), 8, 8, 1)).astype("float32")


@pytest.mark.parametrize(("height", "width"), [(1, 1), (8, 8), (20, 33), (64, 9)])
def test_a_codec_of_one_size_takes_an_image_in_squares(height, width):
    image = photo(3, height, width)[..., None]
    made = remade(Darkest(), image[None], Spec("image", (8, 8, 1), "uint8", 0.0, 255.0))[0]
    assert made.shape == image.shape and made.dtype == "float32"
    for row in range(0, height, 8):
        for column in range(0, width, 8):
            square = np.s_[row : row + 8, column : column + 8]
            # A mirror of whole pixels repeats what is there, unless it reaches into the square before.
            low = min(image[square].min(), made[square].max())
            assert (made[square] == low).all()
            if row + 8 <= height and column + 8 <= width:
                assert low == image[square].min()


@pytest.mark.slow
def test_noisy_photos_are_cleaned_whole_and_measured_against_the_clean_ones(home, tmp_path):
    outcome = apply(
        "denoising",
        home / "run",
        tmp_path / "out",
        source=str(home / "noisy"),
        clean=str(home / "clean"),
    )
    figures = next(iter(outcome.findings.values())).figures
    truth, noisy, clean = (
        opened(folder) for folder in (home / "clean", home / "noisy", tmp_path / "out/clean")
    )
    assert [image.shape for image in clean] == SIZES * 4
    assert figures["psnr_before"] == pytest.approx(psnr(noisy, truth), abs=1e-6)
    assert figures["psnr_after"] == pytest.approx(psnr(clean, truth), abs=1e-6)
    assert figures["psnr_after"] > figures["psnr_before"] + 1
    model = Run.open(home / "run").model
    expected = rebuilt(model, noisy[0].astype("uint8")[..., None])
    np.testing.assert_array_equal(clean[0], expected[..., 0])
    assert not (tmp_path / "out/clean.npy").exists()


def test_one_photo_may_have_any_size(home, tmp_path):
    Image.fromarray(photo(9, 50, 3)).save(tmp_path / "narrow.png")
    apply("denoising", home / "run", tmp_path / "out", source=str(tmp_path / "narrow.png"), baselines=False)
    assert np.asarray(Image.open(tmp_path / "out/clean/narrow.png")).shape == (50, 3)
    assert ", 1 image" in (tmp_path / "out/report.html").read_text(encoding="utf-8")


def test_the_page_counts_images_and_not_crops(home, tmp_path, kerasae):
    outcome = apply("denoising", home / "run", tmp_path / "out", baselines=False)
    images = len(with_whole_images(Run.open(home / "run").data).test)
    assert outcome.rows == images < len(Run.open(home / "run").data.test)
    assert f"These are the {images} images of the test split of" in outcome.remarks[0][1]
    code, out, _ = kerasae("apply", "denoising", home / "run", "--out", tmp_path / "again", "--no-baselines")
    assert code == 0 and out.splitlines()[0].endswith(f", {images} images")


@pytest.mark.slow
def test_photos_of_the_training_are_counted_as_images(home, tmp_path):
    """The run counts their crops, which are more."""
    run = Run.open(home / "run")
    trained = len({name.split(" at ")[0] for name in run.data.train.names})
    assert 0 < trained < len(SIZES) * 4 < len(run.data.train)
    outcome = apply("denoising", home / "run", tmp_path / "out", source=str(home / "clean"), baselines=False)
    [words] = [words for _, words in outcome.remarks if "was trained on" in words]
    assert (
        f"it has seen {trained} of these {len(SIZES) * 4} images, so they look better than new images"
        in words
    )
    assert " rows" not in words and outcome.rows == len(SIZES) * 4


def test_held_out_photos_are_spoiled_and_cleaned_whole(home):
    run = Run.open(home / "run")
    denoising = Denoising(run.model, noise="gaussian", level=0.1).fit(run.data)
    found = denoising.report(run.data, None)
    assert found.figures["psnr_after"] > found.figures["psnr_before"] + 1
    # Gaussian noise of a tenth of the range has 20 dB, and a little more where it is cut at black and white.
    assert 19.5 < found.figures["psnr_before"] < 21
    whole = with_whole_images(run.data).test
    assert len(whole) == len({name.split(" at ")[0] for name in run.data.test.names})


def test_a_codec_of_one_size_takes_squares_and_keeps_the_size(home):
    data = Run.open(home / "run").data
    exact = Denoising(PCA(64).fit(data)).fit(data)
    images = photo(3, 21, 35)[None, ..., None]
    np.testing.assert_allclose(exact.transform(images).astype(int), images, atol=1)


@pytest.mark.slow
def test_pairs_tell_what_cleaning_gains(home, tmp_path):
    recipe = Recipe.of(
        source=f"photos:{home}",
        latent_dim=16,
        data={"crop": 8},
        network={"name": "spatial", "filters": [16], "residual_blocks": 1},
        train={"epochs": 150, "batch_size": 16, "learning_rate": 3e-3},
    )
    (tmp_path / "pairs").mkdir()
    for side in ("clean", "noisy"):
        (tmp_path / "pairs" / side).symlink_to(home / side)
    recipe = recipe.override({"data.path": str(tmp_path / "pairs")})
    run_recipe(recipe, tmp_path / "run")
    run = Run.open(tmp_path / "run")
    figures = Denoising(run.model).fit(run.data).report(run.data, None).figures
    assert figures["psnr_after"] > figures["psnr_before"] + 1


def test_the_noisy_versions_of_a_training_are_not_those_of_other_photos(home):
    section = {"name": "photos", "path": str(home / "clean"), "noisy": str(home / "noisy"), "crop": 8}
    spec = load_data(home / "clean", crop=8).spec
    _, rows = read_examples(str(home / "noisy" / "00.png"), section, spec)
    assert rows.whole().noisy is None


def test_clean_photos_of_16_bits_keep_them(home, tmp_path):
    for number, size in enumerate(SIZES):
        pixels = (photo(number, *size).astype("uint16") * 200)[..., None]
        (tmp_path / "deep").mkdir(exist_ok=True)
        (tmp_path / "deep" / f"{number}.png").write_bytes(tf.io.encode_png(pixels).numpy())
    recipe = Run.open(home / "run").recipe.override({"data.path": str(tmp_path / "deep"), "train.epochs": 2})
    run_recipe(recipe, tmp_path / "run")
    apply("denoising", tmp_path / "run", tmp_path / "out", source=str(tmp_path / "deep"), baselines=False)
    clean = tf.io.decode_png((tmp_path / "out/clean/0.png").read_bytes(), dtype=tf.uint16).numpy()
    assert clean.shape == (*SIZES[0], 1) and (clean % 257 != 0).any()


def test_a_clean_photo_of_another_size_is_refused(home, tmp_path):
    Image.fromarray(photo(1, 12, 12)).save(tmp_path / "a.png")
    Image.fromarray(photo(1, 12, 13)).save(tmp_path / "b.png")
    with pytest.raises(ValueError, match=r"clean image of 12 x 12 pixels.*received 12 x 13"):
        apply(
            "denoising",
            home / "run",
            tmp_path / "out",
            source=str(tmp_path / "a.png"),
            clean=str(tmp_path / "b.png"),
        )
    assert not (tmp_path / "out").exists()
