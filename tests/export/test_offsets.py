"""Numbers far from 0: an artifact answers as without the offset, in every format."""

import ctypes
import subprocess

import numpy as np
import pytest
from kerasae.export import SavedModel, Subject, TFLite, Tiny, load
from kerasae.export.formats.saved_model._server_inputs import _as_examples
from kerasae.export.formats.saved_model._server_model import ServerModel
from kerasae.export.verify_edge import EdgeModel
from kerasae.export.views import edge_view, server_view
from kerasae.export.views._origin import is_far, origins

from kerasae import Recipe, evaluate, train

OFFSETS = np.array([0, 1.7e9, -1.7e9, 0])


@pytest.fixture(scope="module")
def subjects(tmp_path_factory):
    """The same small model on rows near 0 and on the same rows far from it."""
    hidden = np.random.default_rng(0).normal(size=(400, 2))
    rows = np.round(60 * hidden @ [[1.0, 0.5, 0.2, 0.1], [0.3, -0.6, 1.0, 0.4]], 2)
    made = []
    for name, numbers in (("near", rows), ("far", rows + OFFSETS)):
        path = tmp_path_factory.mktemp(name) / f"{name}.npy"
        np.save(path, numbers)
        data = (recipe := Recipe.of(source=str(path), latent_dim=2, network={"widths": [8]})).load()
        model = recipe.build(data)
        train(model, data, epochs=3)
        subject = Subject.of(model, data=data, name=name)
        subject.cached("data", lambda data=data: data)
        made.append(subject)
    return made


@pytest.mark.parametrize(
    ("center", "scale", "origin"),
    [
        (0.4, 1.0, 0.0),
        (1.7e9 + 0.3, 60.0, 1.7e9),
        (52.52043, 1e-5, 52.52),
        (-52.52043, 1e-5, -52.52),
        (0.4, 1e-5, 0.4),
        (2e6 + 0.5, 1e-3, 2e6),
        (2e6 + 0.5, 1e-4, 2e6 + 0.5),
        (1.0, 0.0, 1.0),
        (0.0, 0.0, 0.0),
    ],
)
def test_an_origin_is_near_for_the_spread(center, scale, origin):
    assert origins(center, scale) == origin
    assert not is_far(center - origins(center, scale), scale)
    assert is_far(center, scale) == (origin != 0)


def test_a_device_counts_small_spreads_from_decimals(tmp_path):
    """A float32 has steps of 4e-6 at 52.52."""
    hidden = np.random.default_rng(0).normal(size=(400, 2))
    rows = 1e-5 * hidden @ [[1.0, 0.5, 0.2], [0.3, -0.6, 1.0]] + [0.4, 52.52043, 0]
    np.save(tmp_path / "rows.npy", rows)
    recipe = Recipe.of(source=str(tmp_path / "rows.npy"), latent_dim=2, network={"widths": [8]})
    model = recipe.build(data := recipe.load())
    train(model, data, epochs=3)
    artifact = TFLite().write(Subject.of(model, data=data, name="gps"), tmp_path / "gps.tflite")
    assert artifact.facts["origins"] == [0.4, 52.52, 0.0]


def test_a_model_is_as_without_the_offset(subjects):
    figures = [evaluate(one.model, one.cached("data", dict))["explained_variance"] for one in subjects]
    assert figures[1] == pytest.approx(figures[0], abs=1e-3)
    codes = [one.model.transform(one.held_out) for one in subjects]
    np.testing.assert_allclose(codes[1], codes[0], atol=1e-3 * codes[0].std())
    back = [one.model.inverse_transform(code) for one, code in zip(subjects, codes, strict=True)]
    np.testing.assert_allclose(back[1] - OFFSETS, back[0], atol=0.1)
    assert len(np.unique(back[1][:, 1])) > 60


def test_a_server_is_sent_the_numbers_as_they_are(subjects, tmp_path):
    far = subjects[1]
    artifact = SavedModel().write(far, tmp_path / "1")
    signature = artifact.signatures["reconstruct"]
    assert signature["inputs"]["x"]["dtype"] == signature["outputs"]["reconstruction"]["dtype"] == "float64"
    served = ServerModel(tmp_path / "1")
    expected = far.model.inverse_transform(far.model.transform(far.held_out))
    got = served.run("reconstruct", {"x": far.held_out})["reconstruction"]
    np.testing.assert_allclose(got - expected, 0, atol=1e-3)
    # An Example has no float64: it holds the digits as text.
    examples = _as_examples(server_view(far.preprocessor), {"x": far.held_out})
    got = served.run("reconstruct_examples", {"examples": examples})["reconstruction"]
    np.testing.assert_allclose(got - expected, 0, atol=1e-3)
    codec = load(tmp_path / "1", far.model)
    np.testing.assert_allclose(codec.inverse_transform(codec.transform(far.held_out)), expected, atol=1e-3)


def test_a_device_counts_from_an_origin(subjects, tmp_path):
    near, far = subjects
    artifact = TFLite().write(far, tmp_path / "far.tflite")
    told = edge_view(far.preprocessor).vocabulary()
    origin = np.array(told["origin"])
    np.testing.assert_allclose(origin, OFFSETS, atol=100)
    assert artifact.facts["origins"] == told["origin"]
    assert edge_view(near.preprocessor).vocabulary() is None
    sent = {"x": (far.held_out - origin).astype("float32")}
    got = EdgeModel((tmp_path / "far.tflite").read_bytes()).run("reconstruct", sent)["reconstruction"]
    expected = far.model.inverse_transform(far.model.transform(far.held_out))
    np.testing.assert_allclose(got + origin - expected, 0, atol=1e-2)
    codec = load(tmp_path / "far.tflite", far.model)
    np.testing.assert_allclose(codec.inverse_transform(codec.transform(far.held_out)), expected, atol=1e-2)


@pytest.mark.slow
def test_a_microcontroller_counts_from_an_origin(subjects, tmp_path):
    near, far = (Tiny().write(one, tmp_path / one.name) for one in subjects)
    worst = [
        max(one.get("mean_deviation", one.get("score_mean_deviation")) for one in artifact.parity.outputs)
        for artifact in (near, far)
    ]
    assert worst[1] < 2 * worst[0]
    folder = tmp_path / "far"
    library = tmp_path / "far.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, folder / "far.c"], check=True)
    loaded = ctypes.CDLL(str(library))
    origin = np.array((ctypes.c_double * 4).in_dll(loaded, "far_origin"))
    np.testing.assert_array_equal(origin, edge_view(subjects[1].preprocessor).vocabulary()["origin"])
    row = subjects[1].held_out[0]
    given, answered = (row - origin).astype("float32"), np.zeros(4, "int8")
    loaded.far_quantize(given.ctypes.data_as(ctypes.c_void_p), answered.ctypes.data_as(ctypes.c_void_p))
    expected = (row - np.array(subjects[1].preprocessor.mean)) / subjects[1].preprocessor.std
    assert np.corrcoef(answered, expected)[0, 1] > 0.99
