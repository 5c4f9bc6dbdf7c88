"""Images of any size, scored by a bundle of a model of crops. None is resized."""

import dataclasses
import itertools
import shutil
import warnings

import numpy as np
import pytest
import tensorflow as tf
from edge_detectors import with_detector
from kerasae.export import Subject, bundle
from kerasae.export.bundles.calibrate import calibrate_bundle
from kerasae.export.bundles.card import write_card
from kerasae.export.embedded import embed, embedded_facts
from kerasae.export.facts import crop_facts
from kerasae.export.scoring import Scorer, _crops, examples, find_file
from kerasae.export.scoring._images import read_image
from kerasae.export.scoring._photographs import image_p_value
from PIL import Image

from kerasae import Recipe, workflows
from kerasae.data.photos import _crops as training
from kerasae.data.photos._files import PhotoFiles
from kerasae.files import read_json
from kerasae.image_decoding import decode_image
from kerasae.runs import run_recipe
from kerasae.workflows import score
from kerasae.workflows.monitoring._watched import WatchedBundle

#: Height and width of the crops.
SIZE = (6, 5)
#: Sizes of images, and the numbers of their crops.
IMAGES = {
    "a": ((6, 5), 1),
    "b": ((13, 12), 9),
    "c": ((12, 10), 4),
    "d": ((20, 5), 4),
    "e": ((2, 1), 1),
    "f": ((4, 17), 4),
    "g": ((7, 2), 2),
    "h": ((24, 20), 16),
}


@pytest.fixture(scope="module")
def cropped(subject, tmp_path_factory):
    """A bundle of a model of crops."""
    root = tmp_path_factory.mktemp("crops") / "ship"
    # The detector knows noise as normal, of which `photos` are made.
    noise = np.random.default_rng(1).integers(40, 140, (300, *SIZE, 3)).astype("uint8")
    what = with_detector(dataclasses.replace(subject("dense"), calibration=noise, crops=True))
    bundle(what, root, formats=["tflite"], precisions=["float32"])
    return root


@pytest.fixture(scope="module")
def scorer(cropped):
    return Scorer(find_file(cropped))


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of images of all sizes, with a bright spot in some of them, and their pixels."""
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    pixels = {}
    for name, (size, _) in IMAGES.items():
        image = rng.integers(40, 140, (*size, 3)).astype("uint8")
        if name in "bf":
            image[-3:, -2:] = 255
        Image.fromarray(image).save(folder / f"{name}.png")
        pixels[name] = image
    return folder, pixels


def by_hand(image):
    """Crops of an image by their first pixels."""
    height, width = SIZE
    padded = np.pad(
        image,
        [(0, max(0, wanted - length)) for wanted, length in zip(SIZE, image.shape, strict=False)] + [(0, 0)],
        "symmetric",
    )
    rows, columns = (
        sorted({min(first, length - wanted) for first in range(0, length, wanted)})
        for wanted, length in zip(SIZE, padded.shape, strict=False)
    )
    return {
        (row, column): padded[row : row + height, column : column + width]
        for row, column in itertools.product(rows, columns)
    }


def test_crops_cover_every_pixel_and_leave_no_edge():
    for height, size in itertools.product(range(1, 30), range(1, 10)):
        for width in (1, size, 17):
            covered = np.zeros((max(height, size), max(width, size)), bool)
            corners = _crops.covering((height, width), (size, size))
            for row, column in corners:
                part = covered[row : row + size, column : column + size]
                assert part.shape == (size, size)
                part[:] = True
            assert covered.all()
            # As few as can cover it, and no two the same.
            assert len(corners) == -(-height // size) * -(-width // size) == len({*map(tuple, corners)})


def test_crops_that_do_not_overlap_are_those_of_a_training():
    for height, width in itertools.product(range(1, 30), (1, 7, 8, 15, 21)):
        files = PhotoFiles(".", ("x",), np.ones(1, int), np.array([(height, width)]), 1, "uint8")
        grid = training.Crops.grid(files, np.arange(1), 7, mirror=False, turn=False)
        np.testing.assert_array_equal(_crops.separate((height, width), (7, 7)), grid.corners)


def test_crops_are_cut_in_parts(monkeypatch):
    image = np.random.default_rng(0).integers(0, 256, (13, 12, 3)).astype("uint8")
    corners = _crops.covering(image.shape, SIZE)
    [whole] = _crops.cut(image, corners, SIZE)
    np.testing.assert_array_equal(whole, [*by_hand(image).values()])
    monkeypatch.setattr(_crops, "_PART", 2 * whole[0].nbytes)
    parts = [*_crops.cut(image, corners, SIZE)]
    assert [len(part) for part in parts] == [2, 2, 2, 2, 1]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_an_image_is_answered_by_its_oddest_crop(cropped, scorer, photos):
    folder, pixels = photos
    answers = {one.pop("row").removesuffix(".png"): one for one in score(cropped, folder)}
    assert [*answers] == [*IMAGES]
    rate = scorer.facts["detector"]["false_alarms"]
    for name, image in pixels.items():
        crops = by_hand(image)
        judged = dict(zip(crops, scorer.answers(np.stack([*crops.values()])), strict=True))
        place = max(judged, key=lambda place: judged[place]["score"])
        assert len(crops) == IMAGES[name][1]
        answer = dict(answers[name])
        assert (answer.pop("crops"), answer.pop("crop_row"), answer.pop("crop_column")) == (
            len(crops),
            *place,
        )
        if len(crops) == 1:
            # It is answered as the crop.
            assert answer == judged[place]
            continue
        p_value = min(1.0, len(crops) * judged[place]["p_value"])
        assert answer == judged[place] | {
            "p_value": pytest.approx(p_value, rel=1e-6),
            "anomalous": p_value <= rate,
        }
        # Of sixteen crops one is as odd as one in ten normal crops, which is usual.
        assert judged[place]["anomalous"] or name != "h"
    # Where a mirror continues an image, its crops are not what the detector knows, as those of "g".
    flagged = {name for name, one in answers.items() if one["anomalous"]}
    assert flagged & {*"abcdfh"} == {"b", "f"}


def test_a_p_value_of_an_image_is_that_of_its_crops_alone_or_alike():
    """New normal images have one below a rate no more often than that, alike or not."""
    assert image_p_value(0.02, 3, 99) == pytest.approx(0.06)
    rng = np.random.default_rng(0)
    for block, alike in ((1, False), (5, True), (5, False)):
        found = []
        for _ in range(2000):
            images = rng.normal(size=(41, 1 if alike else 5)) * np.ones(5)
            held_out, oddest = images[:40].ravel(), images[40].max()
            rows, as_odd = len(held_out), int((held_out >= oddest).sum())
            found.append(image_p_value((block + as_odd) / (block + rows), 5, rows, block))
        rates = np.array([0.05, 0.1, 0.3])
        shares = (np.array(found)[:, None] <= rates).mean(axis=0)
        assert (shares <= rates + 0.02).all()
        # It is not so careful that nothing is ever flagged.
        assert shares[-1] > 0.05


def test_single_images_and_files_of_a_bundle_are_answered_alike(cropped, photos):
    expected = [*score(cropped, photos[0])]
    assert [next(score(cropped, photos[0] / one["row"])) for one in expected] == expected
    assert [*score(find_file(cropped), photos[0])] == expected


def test_images_of_one_size_are_resized_as_their_training_was(cropped, scorer, photos, tmp_path):
    content = find_file(cropped).read_bytes()
    facts = {key: value for key, value in embedded_facts(content).items() if key != "crops"}
    (tmp_path / "m.tflite").write_bytes(embed(content, facts))
    answers = [*score(tmp_path / "m.tflite", photos[0])]
    raw = np.stack([read_image(photos[0] / one["row"], scorer.spec.shape) for one in answers])
    assert [{key: one[key] for key in one if key != "row"} for one in answers] == [*scorer.answers(raw)]


def test_a_rate_that_needs_more_calibration_crops_is_said_once(cropped, scorer, photos, kerasae):
    rows = scorer.facts["detector"]["calibration_rows"]
    rate = 2 / (rows + 1)
    status, out, said = kerasae("score", cropped, photos[0], "--false-alarms", rate, "--format", "csv")
    assert status == 0
    [line] = said.splitlines()
    # "b" is the first that cannot be flagged, with nine crops.
    assert f"An image that counts as 9 crops cannot be flagged at a rate of false alarms of {rate:g}" in line
    assert f"needs {-(-9 * (rows + 1) // 2) - 1:,} calibration crops, and the bundle has {rows:,}" in line
    names, *lines = [line.split(",")[:7] for line in out.splitlines()]
    assert names == ["row", "score", "p_value", "anomalous", "crops", "crop_row", "crop_column"]
    flags = {line[0].removesuffix(".png"): int(line[3]) for line in lines}
    assert not any(flags[name] for name, (_, crops) in IMAGES.items() if crops > 2)


def test_a_threshold_without_a_rate_decides_for_the_oddest_crop(photos, cropped, tmp_path):
    content = find_file(cropped).read_bytes()
    facts = embedded_facts(content)
    facts["detector"]["false_alarms"] = None
    (tmp_path / "m.tflite").write_bytes(embed(content, facts))
    flagged = set()
    for one, own in zip(score(tmp_path / "m.tflite", photos[0]), score(cropped, photos[0]), strict=True):
        assert one["anomalous"] == (one["score"] > facts["detector"]["threshold"])
        assert {**one, "anomalous": None} == {**own, "anomalous": None}
        flagged |= {one["row"]} if one["anomalous"] != own["anomalous"] else set()
    assert "h.png" in flagged


def test_fresh_rows_are_crops_too(cropped, scorer, photos, tmp_path):
    """`kerasae calibrate` and `kerasae monitor` take the crops that a split of the images has."""
    names, raw = [], []
    for some, crops in examples(photos[0], scorer.spec, scorer.feed, crops=scorer.crops):
        names += some
        raw += [*crops]
    assert len(raw) == len(names) == sum(max(h // 6, 1) * max(w // 5, 1) for (h, w), _ in IMAGES.values())
    assert names[:3] == ["a.png", "b.png at 0,1", "b.png at 0,6"]
    np.testing.assert_array_equal(raw[2], photos[1]["b"][:6, 6:11])
    _, observed = WatchedBundle(scorer, cropped).read(str(photos[0]))
    expected = [one["score"] for one in scorer.answers(np.stack(raw))]
    np.testing.assert_allclose(observed.scores, expected, rtol=1e-6)
    shutil.copytree(cropped, tmp_path / "ship")
    calibrated = calibrate_bundle(tmp_path / "ship", photos[0], false_alarms=0.2)
    assert calibrated.rows == len(raw)
    new = Scorer(find_file(tmp_path / "ship"))
    assert new.crops and new.facts["detector"]["calibration_rows"] == len(raw)
    assert "are crops of 6 x 5 pixels" in (tmp_path / "ship" / "README.md").read_text()


def test_a_bundle_says_that_its_examples_are_crops(cropped, subject, tmp_path):
    card = " ".join((cropped / "README.md").read_text().split())
    assert "The examples are crops of 6 x 5 pixels of images of any size" in card
    assert "do not resize an image" in card
    manifest, parity = (read_json(cropped / name) for name in ("manifest.json", "parity.json"))
    assert "_png" not in card
    manifest["artifacts"][0]["format"] = "saved_model"
    write_card(tmp_path / "README.md", manifest, parity)
    assert "that end with `_png` resize a file" in (tmp_path / "README.md").read_text()
    assert manifest["model"].pop("crops") is True
    write_card(tmp_path / "README.md", manifest, parity)
    assert "crops" not in (tmp_path / "README.md").read_text()
    assert crop_facts(subject("dense")) == {}


def test_data_and_recipe_tell_that_examples_are_crops(photos, subject, tmp_path):
    data = Recipe.of(source=f"photos:{photos[0]}", data={"crop": 5}).load()
    model = subject("dense").model
    assert Subject.of(model, data=data, name="m").crops
    assert not Subject.of(model, examples=subject("dense").held_out, name="m").crops


@pytest.mark.parametrize("channels", [1, 3])
def test_a_model_of_16_bits_sees_white_as_white(channels, tmp_path):
    """As in training; and no file of 16 bits is read as one of 8."""
    pixels = np.random.default_rng(0).integers(0, 256, (4, 9, 3)).astype("uint8")
    Image.fromarray(pixels).save(tmp_path / "a.png")
    shape = (None, None, channels)
    expected = decode_image((tmp_path / "a.png").read_bytes(), shape, dtype="uint16")
    found = read_image(tmp_path / "a.png", shape, "uint16")
    assert found.dtype == "uint16" and np.abs(found.astype(int) - np.asarray(expected)).max() <= 1
    deep = tf.io.encode_png(np.full((4, 9, channels), 4660, "uint16")).numpy()
    (tmp_path / "a.png").write_bytes(deep)
    with pytest.raises(ValueError, match="Expected 8 bits a channel, received 16"):
        read_image(tmp_path / "a.png", shape)


def test_an_image_of_too_many_pixels_is_named(cropped, photos, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 60)
    skipped = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        answers = [*score(cropped, photos[0], on_error="skip", skipped=skipped.append)]
    large = {name for name, ((height, width), _) in IMAGES.items() if height * width > 120}
    assert {line.partition(".png: Expected an image that fits")[0] for line in skipped} == large
    assert len(answers) == len(IMAGES) - len(large)


@pytest.mark.slow
def test_a_run_on_photographs_is_exported_and_scores_them(photos, tmp_path):
    recipe = Recipe.of(
        "denoising",
        source=f"photos:{photos[0]}",
        latent_dim=2,
        data={"crop": 4, "calibration": 0.5},
        network={"widths": [8]},
        train={"steps": 3},
    )
    run = run_recipe(recipe, tmp_path / "run")
    workflows.apply("anomaly", run, tmp_path / "found", baselines=False, false_alarms=0.5)
    # Without the data, the recipe tells it.
    assert Subject.of(run, examples=run.data.test.examples).crops
    workflows.export(run, tmp_path / "ship", formats=["tflite"], precisions=["float32"])
    with pytest.warns(UserWarning, match="counts as 12 crops cannot be flagged at a rate of .* 0.5,"):
        counts = [one["crops"] for one in score(tmp_path / "ship", photos[0])]
    assert counts == [-(-h // 4) * -(-w // 4) for (h, w), _ in IMAGES.values()]
