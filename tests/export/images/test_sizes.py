"""Artifacts for images of another size than that of the training."""

import numpy as np
import pytest
from kerasae.export import Subject
from kerasae.export.sizes import at_size_of, checked_size, images_of, observed_rows, rows_for

from kerasae import Recipe, export, workflows
from kerasae.data import Split
from kerasae.data.photos import _crops
from kerasae.models import at_size
from kerasae.spec import Spec

#: A size that no multiple of a square has.
SIZE = (9, 14)


@pytest.fixture(scope="module")
def sized(subject, sources):
    """A model whose code is a map, to be exported at `SIZE`."""
    return Subject.of(subject("spatial", "denoising").model, data=sources["spatial"], name="m", size=SIZE)


def test_a_subject_of_a_size_has_model_and_images_of_it(subject, sized):
    assert sized.model.encoder.input_shape == (None, *SIZE, 3)
    assert sized.preprocessor.spec.shape == (*SIZE, 3)
    assert sized.held_out.shape[1:] == sized.calibration.shape[1:] == (*SIZE, 3)
    assert len(sized.held_out) == len(subject("spatial", "denoising").held_out)
    # They are the images of the run, continued by their mirror image.
    np.testing.assert_array_equal(sized.held_out[:, :6, :5], subject("spatial", "denoising").held_out)
    np.testing.assert_array_equal(sized.held_out[:, :6, 5], sized.held_out[:, :6, 4])


@pytest.mark.parametrize(
    "made",
    [
        export.TFLite(precision="int8"),
        pytest.param(export.TFLite(), marks=pytest.mark.slow),
        pytest.param(export.TFLite(precision="float16"), marks=pytest.mark.slow),
        pytest.param(export.TFLite(precision="dynamic"), marks=pytest.mark.slow),
        pytest.param(export.ONNX(), marks=pytest.mark.slow),
        pytest.param(export.C99(), marks=pytest.mark.slow),
        pytest.param(export.SavedModel(), marks=pytest.mark.slow),
    ],
    ids=lambda made: f"{made.name()}-{made.precision}",
)
def test_an_artifact_of_a_size_agrees_with_the_model_of_that_size(subject, sized, tmp_path, made):
    written = made.write(sized, tmp_path / f"m.{made.name()}")
    assert not written.parity.breaches
    assert written.parity.use["error_ratio"] == pytest.approx(1, abs=0.05)
    if made.name() == "tflite":
        model = at_size(subject("spatial", "denoising").model, *SIZE)
        images = sized.held_out[:8]
        found = made.open(written.path).run("reconstruct", {"x": images})["reconstruction"]
        grey_levels = np.abs(np.rint(found) - model.inverse_transform(model.transform(images)))
        assert grey_levels.mean() < (3 if made.precision in ("int8", "dynamic") else 0.1)


def test_the_size_of_the_training_changes_nothing(subject, sources):
    what = subject("spatial", "denoising")
    same = Subject.of(what.model, data=sources["spatial"], size=(6, 5))
    assert same.model is what.model
    np.testing.assert_array_equal(same.held_out, what.held_out)


def test_larger_images_are_cut_out_of_photographs(tmp_path):
    import keras

    rng = np.random.default_rng(0)
    for number in range(8):
        keras.utils.save_img(tmp_path / f"{number}.png", rng.integers(0, 256, (40, 70, 1)), scale=False)
    data = Recipe.of(source=str(tmp_path), data={"name": "photos", "crop": 16}).load()
    assert isinstance(data.train, _crops.Crops)
    images = images_of(data.train, 5, 32, 30)
    assert images.shape == (5, 32, 30, 1)
    photos = np.stack([photo[0] for photo in data.train.whole().chunks()])
    windows = np.concatenate([photos[:, :32, :30], photos[:, :32, 30:60]])
    for image in images:
        assert (windows == image).all(axis=(1, 2, 3)).any()
    # A photograph that is smaller is continued by its mirror image.
    assert images_of(data.train, 3, 64, 64).shape == (3, 64, 64, 1)


def test_large_images_prove_an_artifact_in_smaller_numbers():
    assert rows_for(Spec("vector", (10_000,)), 500) == 500
    assert rows_for(Spec("image", (28, 28, 1)), 500) == 500
    assert rows_for(Spec("image", (128, 128, 3)), 500) == 96
    assert rows_for(Spec("image", (700, 700, 3)), 500) == 24
    assert observed_rows(Spec("image", (28, 28, 1)), 500) == 500
    assert observed_rows(Spec("image", (256, 256, 3)), 24) == 8


def test_images_are_cut_or_mirrored():
    image = np.arange(6).reshape(1, 2, 3, 1)
    np.testing.assert_array_equal(at_size_of(image, 1, 2)[0, ..., 0], [[0, 1]])
    mirrored = [[0, 1, 2, 2, 1], [3, 4, 5, 5, 4], [3, 4, 5, 5, 4]]
    np.testing.assert_array_equal(at_size_of(image, 3, 5)[0, ..., 0], mirrored)
    assert images_of(Split(np.zeros((9, 2, 3, 1))), 4, 5, 5).shape == (4, 5, 5, 1)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((0, 5), "`height` must be a positive integer"),
        ((5, 2.5), "`width` must be a positive integer"),
        ((5,), "`size` must be a height and a width"),
        ("5x6", "`size` must be a height and a width"),
        ((800, 800), r"at most 524,288 pixels, received 800 x 800: .*takes too much memory.*in tiles"),
    ],
)
def test_sizes_that_are_refused(size, message):
    with pytest.raises(ValueError, match=message):
        checked_size(size)


def test_models_of_one_size_are_refused(subject, sources):
    with pytest.raises(
        ValueError, match=r"whose code is a map, received one .*\(6, 5, 3\).*--network spatial"
    ):
        Subject.of(subject("dense").model, data=sources["dense"], size=(9, 9))


@pytest.mark.slow
def test_a_detector_of_another_size_is_left_out(tmp_path):
    network = {"name": "spatial", "filters": [4], "residual_blocks": 0}
    recipe = Recipe.of("denoising", latent_dim=2, network=network, train={"steps": 3})
    run = workflows.train(recipe, tmp_path / "run").run
    workflows.apply("anomaly", run, tmp_path / "anomaly")
    assert Subject.of(run).detector is not None
    with pytest.warns(UserWarning, match=r"10 x 12 pixels answer no `detect`.* 8 x 8 pixels"):
        exported = workflows.export(
            run, tmp_path / "ship", formats=["tflite"], precisions=["float32"], size=(10, 12)
        )
    [artifact] = exported.artifacts
    assert "detect" not in artifact.signatures
    assert exported.manifest["model"]["shape"] == [10, 12, 1]
    # The run has a detector, so that fitting one would change nothing.
    assert "apply anomaly" not in exported.note
    assert "10 x 12 pixels answer no `detect`" in (tmp_path / "ship" / "README.md").read_text()
    with pytest.raises(ValueError, match=r"8 x 8 pixels\. Export the run without --size\.$"):
        export.calibrate_bundle(tmp_path / "ship", tmp_path / "rows.npy")
    assert not export.verify(tmp_path / "ship").faults
