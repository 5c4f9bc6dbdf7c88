"""Denoising: what is known exactly of PSNR, of spoiling, of pairs, and of the files."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from PIL import Image
from scipy import ndimage

from kerasae import registry
from kerasae.applications import Denoising
from kerasae.applications._pictures import png_names
from kerasae.applications.denoising import _image_fidelity, _truth
from kerasae.applications.denoising._image_fidelity import ImageFidelity
from kerasae.applications.denoising._number_fidelity import NumberFidelity
from kerasae.applications.denoising._similarity import psnr, squared_error, ssim
from kerasae.applications.denoising._truth import in_step, spoil
from kerasae.baselines import PCA
from kerasae.corruptions import GaussianNoise, SwapNoise
from kerasae.data import NO_ROWS, Data, Split, load_data
from kerasae.data.tables import from_frame
from kerasae.preprocessing import Rescaling, TablePreprocessing
from kerasae.spec import Spec


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    """Rows that lie on a line in five dimensions."""
    rng = np.random.default_rng(0)
    direction = np.array([1.0, -2.0, 0.5, 0.0, 1.0])
    x = rng.normal(size=(300, 1)) * direction + 3.0
    folder = tmp_path_factory.mktemp("vectors")
    np.save(folder / "x.npy", x)
    return load_data(str(folder / "x.npy"))


class Same:
    """A codec that changes nothing."""

    preprocessor = None

    def transform(self, raw):
        return np.asarray(raw).reshape(len(raw), -1)

    def inverse_transform(self, codes):
        return codes.reshape(-1, 8, 8, 1).astype("uint8")


def test_psnr_and_ssim_agree_with_tensorflow_and_know_equal_images():
    rng = np.random.default_rng(1)
    one, other = rng.random((4, 16, 16, 1)), rng.random((4, 16, 16, 1))
    error = squared_error(one, other) / 256
    np.testing.assert_allclose(psnr(error), tf.image.psnr(one, other, 1.0), rtol=1e-5)
    # An error of a tenth everywhere is 20 dB.
    np.testing.assert_allclose(psnr(squared_error(one, one + 0.1) / 256), 20.0, rtol=1e-9)
    np.testing.assert_allclose(ssim(one, one, 11), 1.0, atol=1e-5)
    assert psnr(squared_error(one, one)).tolist() == [100.0] * 4


@pytest.mark.parametrize(("height", "width"), [(600, 31), (70, 40), (65, 12), (9, 500), (2, 7)])
def test_images_in_strips_have_the_fidelity_of_the_whole(height, width, monkeypatch):
    """Strips of 64 rows, the last one short, with the filters at their borders."""
    rng = np.random.default_rng(height)
    truth, noisy, clean = rng.integers(0, 256, (3, 2, height, width, 1)).astype("uint8")
    monkeypatch.setattr(_image_fidelity, "_VALUES", 1)
    fidelity = ImageFidelity(0.0, 255.0, filters=True)
    fidelity.add(noisy, clean, truth)
    before, after = (change.before.value for change in fidelity.changes()), fidelity.changes()
    x = [images / 255.0 for images in (noisy, clean, truth)]
    whole = [tf.image.psnr(one, x[2], 1.0).numpy().mean() for one in x[:2]]
    assert next(before) == pytest.approx(whole[0], rel=1e-5)
    assert after[0].after.value == pytest.approx(whole[1], rel=1e-5)
    window = min(11, height, width) - 1 + min(11, height, width) % 2
    if window < 3:
        assert after[1].after.value is None
    else:
        pair = (tf.constant(one, tf.float32) for one in (x[1], x[2]))
        expected = tf.image.ssim(*pair, max_val=1.0, filter_size=window).numpy().mean()
        assert after[1].after.value == pytest.approx(expected, abs=1e-5)
    smooth = ndimage.gaussian_filter(x[0], sigma=(0, 1, 1, 0))
    median = ndimage.median_filter(x[0], size=(1, 3, 3, 1))
    best = max(tf.image.psnr(one, x[2], 1.0).numpy().mean() for one in (smooth, median))
    assert fidelity.best_filter()[1].value == pytest.approx(best, rel=1e-5)


def test_a_large_image_gets_noise_strip_by_strip_of_the_same_kind(monkeypatch):
    view = Rescaling(Spec("image", (8, 8, 1), "uint8", 0.0, 255.0))
    raw = np.full((1, 90, 40, 1), 128, "uint8")
    noise = registry.get("corruption", {"name": "gaussian", "level": 0.1})
    monkeypatch.setattr(_truth, "_VALUES", 40 * 32)
    noisy = spoil(raw, noise, view, (3, 1)).astype("float64") - 128
    assert noisy.shape == raw.shape
    strips = [noisy[0, start : start + 32] for start in (0, 32, 64)]
    for strip in strips:
        assert strip.std() == pytest.approx(25.5, rel=0.1)
    assert np.abs(np.corrcoef(strips[0].ravel(), strips[1].ravel())[0, 1]) < 0.1
    np.testing.assert_array_equal(spoil(raw, noise, view, (3, 1)) - 128.0, noisy)


def test_identity_gains_nothing_and_changes_nothing(digits):
    found = Denoising(Same(), noise="gaussian").fit(digits).report(digits, None)
    assert found.figures["psnr_before"] == found.figures["psnr_after"]
    assert found.figures["ssim_before"] == found.figures["ssim_after"]
    assert found.figures["change"] == 0.0
    assert 15 < found.figures["psnr_before"] < 30


def test_a_linear_code_keeps_the_noise_that_lies_along_it(vectors):
    # Of isotropic noise in 5 dimensions, the projection onto a line keeps one fifth.
    pca = PCA(1).fit(vectors)
    found = Denoising(pca, noise="gaussian", level=0.05).fit(vectors).report(vectors, None)
    before, after = found.figures["error_before"], found.figures["error_after"]
    assert before == pytest.approx(0.05**2, rel=0.25)
    # 60 test rows: the ratio of two chi-squared sums, four standard deviations wide.
    assert after / before == pytest.approx(0.2, abs=0.1)
    # What noise is left is orthogonal to what was taken.
    assert found.figures["change"] ** 2 == pytest.approx(before - after, rel=1e-3)
    assert {metric.key: metric.lower for metric in found.metrics if metric.lower is not None} == {
        "error_after": True
    }


def test_the_same_seed_spoils_alike_and_another_does_not(digits):
    raw, view = digits.test.head(20), Rescaling(digits.spec)
    noise = GaussianNoise(0.2)
    one, same, other = (spoil(raw, noise, view, (seed, 0)) for seed in (3, 3, 4))
    assert one.dtype == raw.dtype and one.max() <= 16
    np.testing.assert_array_equal(one, same)
    assert (one != other).any() and (one != raw).any()


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(2)
    n = 200
    frame = pd.DataFrame(
        {
            "a": rng.normal(size=n),
            "n": rng.integers(0, 9, n),
            "c": rng.choice(["red", "blue"], n),
            "b": rng.random(n) > 0.5,
            "when": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 99, n), unit="D"),
        }
    )
    frame.loc[::7, ["a", "c"]] = np.nan
    frame["void"] = np.nan
    data = from_frame(frame)
    with pytest.warns(UserWarning, match="void"):
        return data.with_preprocessor(TablePreprocessing(data.spec))


def test_spoiling_a_table_leaves_what_it_must(table):
    raw, view = table.test.examples, table.preprocessor
    noisy = spoil(raw, GaussianNoise(0.5), view, (0, 0))
    pd.testing.assert_frame_equal(noisy[["c", "b"]], raw[["c", "b"]])
    assert noisy["a"].isna().equals(raw["a"].isna())
    assert (noisy["n"] != raw["n"]).any() and noisy["n"].dtype == raw["n"].dtype
    assert (noisy["when"] != raw["when"]).any()
    swapped = spoil(raw, SwapNoise(0.3), view, (0, 0))
    # An entry comes from the same column of another row.
    assert set(swapped["c"].dropna()) <= set(raw["c"].dropna())
    assert (swapped["n"] != raw["n"]).mean() == pytest.approx(0.3 * 8 / 9, abs=0.2)
    assert set(swapped["n"]) <= set(raw["n"])
    assert (view.to_x(swapped)[:, 0] != view.to_x(raw)[:, 0]).any()


def test_a_table_comes_back_with_its_gaps_its_index_and_its_types(table, tmp_path):
    from kerasae.baselines import TablePCA

    codec = TablePCA(3, indicators=True).fit(table)
    raw = table.test.examples.set_axis([f"r{i}" for i in range(len(table.test))])
    clean = Denoising(codec).fit(table).transform(raw)
    assert clean.isna().equals(raw.isna()) and list(clean.index) == list(raw.index)
    assert (clean.dtypes == raw.dtypes).all()
    app = Denoising(codec, noise="swap").fit(table)
    found = app.report(table, tmp_path)
    assert found.figures["categories_wrong_before"] > 0
    # The rows of the test split were drawn, and are named by their numbers.
    written = pd.read_csv(tmp_path / "clean.csv", index_col=0)
    assert written.index.tolist() == table.test.examples.index.tolist() != [*range(len(table.test))]
    assert written.columns.tolist() == table.test.examples.columns.tolist()
    assert found.listings and not found.pictures
    with pytest.raises(ValueError, match="imputation"):
        Denoising(codec, noise="masking").fit(table)


def test_missing_entries_do_not_count():
    fidelity = NumberFidelity(np.array([False, True]), 1)
    nan = np.nan
    fidelity.add(
        np.array([[1.0, 2], [nan, 1]]), np.array([[0.0, 1], [9, nan]]), np.array([[0.0, 1], [0, nan]])
    )
    values = {
        metric.key: metric.value for change in fidelity.changes() for metric in (change.before, change.after)
    }
    assert values == {
        "error_before": 1.0,
        "error_after": 0.0,
        "categories_wrong_before": 1.0,
        "categories_wrong_after": 0.0,
    }


def test_files_of_images_keep_their_names_and_folders(tmp_path, digits):
    noisy, clean = tmp_path / "noisy", tmp_path / "clean"
    for number, image in enumerate(digits.test.head(6)[..., 0] * 15):
        for folder, ending in ((noisy, "jpg"), (clean, "png")):
            (folder / f"{number % 2}").mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(folder / f"{number % 2}" / f"{number}.{ending}")
    Image.fromarray(np.zeros((8, 8), "uint8")).save(clean / "0/!stranger.png")
    files = load_data(str(noisy), test=1.0)
    data = dataclasses.replace(digits, spec=files.spec, test=files.test)
    out = tmp_path / "out"
    out.mkdir()
    found = Denoising(Same(), clean=str(clean)).fit(data).report(data, out)
    # The JPEGs differ from the PNGs of the same name little, from those of other names much.
    assert 25 < found.figures["psnr_before"] < 100
    written = sorted(str(path.relative_to(out / "clean")) for path in (out / "clean").rglob("*.png"))
    assert written == [f"{n % 2}/{n}.png" for n in (0, 2, 4, 1, 3, 5)]
    np.testing.assert_array_equal(
        np.asarray(Image.open(out / "clean/1/3.png")), files.test.examples[4, ..., 0]
    )
    (clean / "1/3.png").unlink()
    with pytest.raises(ValueError, match=r"1/3\.jpg"):
        Denoising(Same(), clean=str(clean)).fit(data).report(data, None)


def test_a_stored_one_adds_no_noise_of_an_earlier_use(table, tmp_path):
    from kerasae.baselines import TablePCA

    codec = TablePCA(3, indicators=True).fit(table)
    Denoising(codec, noise="swap").fit(table).save(tmp_path / "kept")
    assert [*Denoising.load(tmp_path / "kept", codec).report(table, None).figures] == ["change"]
    again = Denoising.load(tmp_path / "kept", codec, noise="gaussian", level=0.5).report(table, None)
    fitted = Denoising(codec, noise="gaussian", level=0.5).fit(table).report(table, None)
    assert again.figures == fitted.figures and again.figures["error_after"] > 0
    with pytest.raises(ValueError, match="imputation"):
        Denoising.load(tmp_path / "kept", codec, noise="masking")


def test_images_of_no_known_range_keep_that_of_the_training(tmp_path):
    images = np.random.default_rng(0).normal(size=(40, 8, 8, 1)).astype("float32")
    spec = Spec("image", (8, 8, 1), "float32")
    data = Data("images", spec, Split(images[:20]), NO_ROWS, Split(0.1 * images[20:]))
    pca = PCA(2).fit(data)
    Denoising(pca).fit(data).save(tmp_path / "stored")
    bare = dataclasses.replace(data, train=NO_ROWS)
    written = []
    for name, app in (
        ("fitted", Denoising(pca).fit(data)),
        ("kept", Denoising.load(tmp_path / "stored", pca)),
    ):
        (tmp_path / name).mkdir()
        app.report(bare, tmp_path / name)
        written.append([path.read_bytes() for path in sorted((tmp_path / name / "clean").iterdir())])
    assert len(written[0]) == 20 and written[0] == written[1]
    # By the range of these examples alone, they would be spread over all grey levels.
    assert np.ptp(np.asarray(Image.open(tmp_path / "kept" / "clean" / "0.png"))) < 100


def test_an_array_of_images_comes_back_as_one(tmp_path, digits):
    found = Denoising(Same()).fit(digits).report(digits, tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "clean.npy"), digits.test.examples)
    assert len(list((tmp_path / "clean").iterdir())) == len(digits.test)
    assert list(found.figures) == ["change"]
    assert not found.sentences[0][0] and "`clean`" in found.sentences[0][1]


def test_the_truth_of_vectors_comes_from_a_path(vectors, tmp_path):
    truth = vectors.test.examples
    np.save(tmp_path / "clean.npy", truth)
    noisy = truth + np.random.default_rng(3).normal(0, 0.1, truth.shape)
    data = dataclasses.replace(vectors, test=Split(noisy))
    app = Denoising(PCA(1).fit(vectors), clean=str(tmp_path / "clean.npy")).fit(data)
    found = app.report(data, None).figures
    assert found["error_before"] == pytest.approx(np.square(noisy - truth).mean(), rel=1e-4)
    assert found["error_after"] < 0.5 * found["error_before"]
    short = dataclasses.replace(data, test=Split(noisy[:7]))
    with pytest.raises(ValueError, match="each of the 7 examples"):
        app.report(short, None)


def test_parts_of_any_size_are_matched_row_by_row():
    rows = np.arange(10)
    pairs = list(in_step([rows[:3], rows[3:4], rows[4:]], [rows[:1], rows[1:7], rows[7:]]))
    assert [len(one) for one, _ in pairs] == [3, 1, 6]
    for one, other in pairs:
        np.testing.assert_array_equal(one, other)
    frames = [pd.DataFrame({"v": [1, 2]}, index=pd.Index(ids, name="id")) for ids in (["a", "b"], ["b", "a"])]
    with pytest.raises(ValueError, match="id 'b' where the examples have 'a'"):
        list(in_step(frames[:1], frames[1:]))


def test_names_of_pngs_are_unlike():
    assert png_names(["a/x.jpg", "a/y.png", "a/y.jpeg", "7", "v1.5"]) == [
        "a/x.png",
        "a/y.png.png",
        "a/y.jpeg.png",
        "7.png",
        "v1.5.png",
    ]
    # A name that another row would have by then.
    names = ["x.png", "x.jpg", "x.png.png", "y", "y.png"]
    assert len({*png_names(names)}) == len(names)


def test_pngs_of_crops_have_plain_names():
    assert png_names(["a/p.png at 5,4", "a/p.png at 5,20", "q.JPG at 0,0", "noon at 12"]) == [
        "a/p_at_5_4.png",
        "a/p_at_5_20.png",
        "q_at_0_0.png",
        "noon at 12.png",
    ]
    names = ["p.png at 5,4", "p.jpg at 5,4", "p_at_5_4.png", "p.png_at_5_4", "p.png at 5,4 at 5,4"]
    made = png_names(names)
    assert made[1] == "p.jpg_at_5_4.png" and len({*made}) == len(names)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"clean": "x.npy", "noise": "gaussian"}, "exclude"),
        ({"level": 0.1}, "`level` needs a `noise`"),
        ({"noise": "gausian"}, "did you mean 'gaussian'"),
        ({"noise": "masking", "level": 2.0}, "in \\[0, 1\\]"),
    ],
)
def test_what_makes_no_sense_is_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        Denoising(Same(), **settings)
