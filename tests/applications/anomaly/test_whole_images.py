"""Anomalies in images of any size, by a detector that was fitted on crops of images."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kerasae import PCA, Recipe
from kerasae.applications import AnomalyDetector
from kerasae.applications.anomaly.recalibration import recalibrate
from kerasae.data import read_examples
from kerasae.runs import run_recipe
from kerasae.workflows import apply

SIZES = [(8, 8), (20, 33), (16, 16), (9, 40), (31, 18), (24, 25)]
SCORE = {"name": "heat", "window": 3}


def stripes(rng, height, width):
    """Stripes of one direction that begin anywhere, with noise."""
    phase = rng.uniform(0, 6)
    waves = np.sin(np.arange(width) / 2 + phase) + rng.normal(0, 0.05, (height, width))
    return np.clip(np.round(127.5 + 60 * waves), 0, 255).astype("uint8")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Folders of images of several sizes: good ones, and new ones of which some have a spot."""
    home, rng = tmp_path_factory.mktemp("parts"), np.random.default_rng(0)
    for folder in ("good", "new/good", "new/bad"):
        (home / folder).mkdir(parents=True)
    for number in range(60):
        image = stripes(rng, *SIZES[number % len(SIZES)])
        Image.fromarray(image).save(home / "good" / f"{number:02}.png")
    for number in range(12):
        height, width = SIZES[number // 2]
        image = stripes(rng, height, width)
        if number % 2:
            # At the lower right edge, where a grid of crops has no crop.
            image[-4:, -5:] = 255 - image[-4:, -5:]
        Image.fromarray(image).save(home / f"new/{('good', 'bad')[number % 2]}" / f"{number:02}.png")
    return home


def crops(folder, calibration):
    """Data of crops of the images in a folder."""
    section = {"crop": 8, "calibration": calibration}
    recipe = Recipe.of(source=f"photos:{folder}", data=section)
    return recipe.prepare(recipe.load())


def examples(folder, data):
    return read_examples(f"photos:{folder}", {"name": "photos", "crop": 8}, data.spec)[1]


@pytest.fixture(scope="module")
def data(home):
    return crops(home / "good", 0.5)


@pytest.fixture(scope="module")
def detector(data):
    return AnomalyDetector(PCA(3).fit(data), score=SCORE, false_alarms=0.1).fit(data)


@pytest.fixture(scope="module")
def new(data, home):
    return dataclasses.replace(data, test=examples(home / "new", data))


def test_an_image_is_judged_whole_up_to_its_edges(detector, new, tmp_path):
    finding = detector.report(new, tmp_path)
    rows = pd.read_csv(tmp_path / "scores.csv").set_index("row")
    assert sorted(rows.index) == sorted(new.test.whole().names)
    assert len(rows) == 12 < len(new.test)
    odd = rows["label"] == "bad"
    assert finding.figures["auroc"] == 1
    assert rows["anomalous"][odd].all() and finding.figures["flagged"] == rows["anomalous"].sum()
    expected = rows["score"] > detector.whole_.fitted_.threshold_
    assert (rows["anomalous"] == expected).all() and expected.sum() < (
        rows["score"] > detector.threshold_
    ).sum()
    for name, row in rows[odd].iterrows():
        height, width = np.asarray(Image.open(new.test.files.folder + f"/{name}")).shape
        assert row["hottest_row"] >= height - 5 and row["hottest_column"] >= width - 6
    pictures = sorted(path.name for path in (tmp_path / "heat" / "bad").iterdir())
    assert pictures == [f"{number:02}.png" for number in range(1, 12, 2)]


def test_the_threshold_is_that_of_whole_images(detector, data):
    held_out = data.calibration.whole()
    scores = np.array([detector.whole_.heat(image).max() for (image,) in held_out.chunks()])
    np.testing.assert_allclose(detector.whole_.held_out_, scores)
    assert detector.whole_.fitted_.rows_ == len(held_out) < len(data.calibration)
    # At most a tenth of the held-out images, by the order of their scores.
    above = (scores > detector.whole_.fitted_.threshold_).sum()
    assert above <= 0.1 * (len(scores) + 1)
    # The greatest of many places is higher than that of one crop.
    assert detector.whole_.fitted_.threshold_ > detector.threshold_


def test_an_image_of_the_size_of_a_crop_has_the_heat_of_a_crop(detector, data):
    """If all places are alike, as the mean by distance is not that of each place."""
    score = detector.detector_.score
    kept = score.inverse.numpy()
    try:
        score.inverse.assign(np.full_like(kept, 3.0))
        crop = data.test.head(1)
        heat = detector.whole_.heat(crop[0])
        np.testing.assert_allclose(heat.max(), detector.score_samples(crop)[0], rtol=1e-3)
    finally:
        score.inverse.assign(kept)


def test_what_is_stored_judges_as_before(detector, new, tmp_path):
    detector.save(tmp_path / "kept")
    loaded = AnomalyDetector.load(tmp_path / "kept", detector.codec)
    assert loaded.report(new, None).figures == detector.report(new, None).figures
    assert loaded.whole_.fitted_.threshold_ == detector.whole_.fitted_.threshold_


def test_a_new_threshold_is_set_by_whole_images(detector, new, home, data, tmp_path):
    detector.save(tmp_path / "kept")
    loaded = AnomalyDetector.load(tmp_path / "kept", detector.codec)
    rows = examples(home / "new/good", data)
    recalibrate(loaded, rows, 0.2)
    assert loaded.whole_.fitted_.rows_ == 6
    np.testing.assert_allclose(loaded.whole_.held_out_, detector.whole_.scores(rows.whole()))
    assert loaded.report(new, None).figures["threshold"] == loaded.whole_.fitted_.threshold_


def test_normal_images_alone_set_the_threshold(home):
    mixed = crops(home / "new", 0.6)
    detector = AnomalyDetector(PCA(3).fit(mixed), score=SCORE, false_alarms=0.5, normal="good").fit(mixed)
    images = mixed.calibration.whole()
    assert 0 < len(detector.whole_.held_out_) == (images.labels == "good").sum() < len(images)
    learnt = AnomalyDetector(PCA(3).fit(mixed), score=SCORE, threshold="best_f1").fit(mixed)
    np.testing.assert_array_equal(learnt.whole_.labels_, learnt.anomalous_labels(images.labels))
    assert len(learnt.whole_.held_out_) == len(images)


def test_another_score_judges_crops(data, new, tmp_path):
    detector = AnomalyDetector(PCA(3).fit(data), score="whitened", false_alarms=0.1).fit(data)
    assert detector.whole_ is None and detector.taken(new) is new
    detector.report(new, tmp_path)
    assert len(pd.read_csv(tmp_path / "scores.csv")) == len(new.test)


@pytest.mark.slow
def test_the_command_counts_images(home, tmp_path):
    recipe = Recipe.of(
        "denoising",
        source=f"photos:{home / 'good'}",
        data={"crop": 8, "calibration": 0.5},
        model={"corruption": "occlusion"},
        network={"name": "spatial", "filters": [8]},
        train={"epochs": 20},
        apply={"anomaly": {"score": SCORE, "false_alarms": 0.1}},
    )
    run_recipe(recipe, tmp_path / "run")
    outcome = apply("anomaly", tmp_path / "run", tmp_path / "use", source=f"photos:{home / 'new'}")
    assert outcome.rows == 12 and outcome.unit == "image"
    assert json.loads((tmp_path / "use/figures.json").read_text())["rows"] == 12
    again = apply("anomaly", tmp_path / "run", tmp_path / "again", source=f"photos:{home / 'new'}")
    assert again.table()[0] == outcome.table()[0]


@pytest.mark.parametrize("score", ["whitened", SCORE])
def test_too_few_rows_are_refused_before_any_work(data, monkeypatch, score):
    """Crops in blocks may be few; images that are judged whole may not."""
    few = dataclasses.replace(data, calibration=data.calibration.rows(data.calibration.photos < 14))
    assert len(few.calibration.whole()) < 9
    detector = AnomalyDetector(PCA(3).fit(data), score=score, false_alarms=0.1)
    monkeypatch.setattr(AnomalyDetector, "accounts", lambda *_, **__: pytest.fail("Work was done."))
    if score == "whitened":
        with pytest.raises(pytest.fail.Exception, match="Work"):
            detector.fit(few)
    else:
        with pytest.raises(ValueError, match="needs at least 9 held-out rows, received"):
            detector.fit(few)
