"""A loaded artifact in place of its model: the same codes, the same figures, the same files."""

import json

import numpy as np
import pandas as pd
import pytest
from kerasae.export import SavedModel, bundle, load
from sklearn.metrics import mean_squared_error

import kerasae
from kerasae import Recipe, export
from kerasae.applications import Compression, Reduction
from kerasae.codec import Codec, fingerprint
from kerasae.data.tables import from_frame
from kerasae.metrics import reconstruct
from kerasae.preprocessing import TablePreprocessing
from kerasae.preprocessing.rescaling import Rescaling
from kerasae.runs import run_recipe
from kerasae.spec import Spec
from kerasae.workflows import apply

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def subject(edge_subject):
    return edge_subject("dense")


@pytest.fixture(scope="module", params=["saved_model", "tflite"])
def codec(request, subject, edge_file, tmp_path_factory):
    """The digits model as a SavedModel, and as a file for devices."""
    if request.param == "tflite":
        path = edge_file("dense", "float32")[0].path
    else:
        path = SavedModel().write(subject, tmp_path_factory.mktemp("server") / "1").path
    return load(path, subject.model)


def test_it_is_a_codec(codec, subject):
    assert isinstance(codec, Codec)
    assert codec.latent_dim == subject.model.latent_dim
    assert codec.preprocessor is subject.model.preprocessor


def test_digits(codec, subject, digits):
    model, raw = subject.model, digits.test.examples[:64]
    codes = model.transform(raw)
    np.testing.assert_allclose(codec.transform(raw), codes, atol=1e-4)
    # A type with a range cuts what is beyond it, which the model leaves to `inverse_transform`.
    cut = np.clip(np.asarray(model.decode(codes)), 0, 1)
    np.testing.assert_allclose(codec.decode(codes), cut, atol=1e-4)
    back, expected = codec.inverse_transform(codes), model.inverse_transform(codes)
    assert back.dtype == np.uint8
    assert np.mean(back != expected) < 1e-3


def test_figures_are_those_of_the_model(codec, subject, digits):
    few = digits.split("test").rows(slice(120))
    data = kerasae.data.Data("few", digits.spec, digits.train, digits.validation, few, digits.preprocessor)
    ours = Reduction(subject.model, neighbours=5).fit(data).report(data, None).figures
    theirs = Reduction(codec, neighbours=5).fit(data).report(data, None).figures
    assert set(ours) == set(theirs)
    for name, value in ours.items():
        assert theirs[name] == pytest.approx(value, abs=1e-3), name
    x = data.x("test")
    cut = np.clip(reconstruct(subject.model, few.examples), 0, 1)
    expected = mean_squared_error(x.reshape(len(x), -1), cut.reshape(len(x), -1))
    error = kerasae.evaluate(codec, data)["error"]
    assert error == pytest.approx(expected, rel=1e-4)
    assert error <= kerasae.evaluate(subject.model, data)["error"] + 1e-6


def test_every_kind_on_a_server(exported):
    model, raw = exported.subject.model, exported.subject.held_out
    codec = load(exported.version, model)
    codes = model.transform(raw)
    np.testing.assert_allclose(codec.transform(raw), codes, atol=1e-4)
    x, expected = codec.decode(codes), np.asarray(model.decode(codes))
    if model.spec.kind == "text":
        back, texts = codec.inverse_transform(codes), model.inverse_transform(codes)
        assert np.mean(back == texts) > 0.98
        assert x.shape == expected.shape
        return
    low, high = (0, 1) if model.spec.kind == "image" else (-np.inf, np.inf)
    np.testing.assert_allclose(x, np.clip(expected, low, high), atol=1e-4)
    if model.spec.kind == "table":
        columns = [column.name for column in model.spec.columns]
        frames = codec.inverse_transform(codes), model.inverse_transform(codes)
        assert [list(frame) for frame in frames] == [columns, columns]
        pd.testing.assert_series_equal(frames[0]["category"], frames[1]["category"])


@pytest.mark.parametrize("kind", ["table", "text"])
def test_every_kind_on_a_device(kind, exported_by_kind, tmp_path):
    subject = exported_by_kind(kind).subject
    model, raw = subject.model, subject.held_out[:24]
    codec = load(export.TFLite().write(subject, tmp_path / "m.tflite").path, model)
    codes = model.transform(raw)
    np.testing.assert_allclose(codec.transform(raw), codes, atol=1e-4)
    x, expected = codec.decode(codes), np.asarray(model.decode(codes))
    if kind == "text":
        assert (codec.inverse_transform(codes) == model.inverse_transform(codes)).mean() > 0.9
    else:
        np.testing.assert_allclose(x, expected, atol=1e-4)


def test_raw_numbers_need_no_preprocessor(tmp_path):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(64, 6)).astype("float32")
    model = Recipe.of(latent_dim=2, network={"widths": [8]}).build(Spec("vector", (6,)))
    path = SavedModel().write(model, tmp_path / "1", examples=rows).path
    codec = load(path)
    np.testing.assert_allclose(codec.transform(rows), model.transform(rows), atol=1e-5)
    np.testing.assert_allclose(
        codec.decode(codec.transform(rows)), np.asarray(model.decode(model.transform(rows))), atol=1e-5
    )


def test_columns_may_be_called_as_the_inputs_and_outputs_of_signatures(tmp_path):
    """One that TensorFlow or a signature takes for itself gets an underscore, which the manifest says."""
    names = [
        "seed",
        "seed_",
        "self",
        "readable",
        "x",
        "z",
        "eps",
        "score",
        "reconstruction",
        "sample",
        "home.dest",
    ]
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(60, len(names))), columns=names)
    data = from_frame(rows)
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    model = Recipe.of("variational", latent_dim=2, network={"widths": [8]}).build(data)
    written = SavedModel().write(model, tmp_path / "1", data=data)
    keys = {one["name"]: one["key"] for one in written.facts["columns"]}
    changed = {name: key for name, key in keys.items() if name != key}
    assert changed == {
        "seed": "seed_",
        "seed_": "seed__",
        "self": "self_",
        "readable": "readable_",
        "home.dest": "home_dest",
    }
    assert "seed" in written.signatures["sample_posterior"]["inputs"]
    codec = load(written.path, model)
    codes = model.transform(rows)
    np.testing.assert_allclose(codec.transform(rows), codes, atol=1e-5)
    np.testing.assert_allclose(codec.decode(codes), np.asarray(model.decode(codes)), atol=1e-5)


def test_an_artifact_of_a_model_without_preprocessor_is_that_of_its_model(tmp_path):
    rows = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    model, other = (
        Recipe.of(latent_dim=2, network={"widths": [8]}).build(Spec("vector", (6,))) for _ in "ab"
    )
    other.set_weights([weight + 1 for weight in model.get_weights()])
    assert model.preprocessor is None
    (written,) = bundle(model, tmp_path, formats=["tflite"], precisions=["float32"], examples=rows, name="m")
    assert fingerprint(load(written.path, model)) == fingerprint(model)
    with pytest.raises(ValueError, match="of another model"):
        load(written.path, other)


def test_what_is_no_artifact_of_the_model(subject, edge_file, tmp_path):
    with pytest.raises(FileNotFoundError, match="Expected an exported artifact"):
        load(tmp_path / "nothing", subject.model)
    with pytest.raises(ValueError, match=r"version folder of a SavedModel .*server/NAME/1"):
        load(tmp_path, subject.model)
    (tmp_path / "a.tflite").write_bytes(b"no model at all")
    (tmp_path / "a.onnx").write_bytes(b"")
    with pytest.raises(ValueError, match=r"Expected a \.tflite file in"):
        load(tmp_path / "a.tflite", subject.model)
    with pytest.raises(ValueError, match=r"can encode and decode, received .*a\.onnx: its only graph"):
        load(tmp_path / "a.onnx", subject.model)
    (tmp_path / "a.txt").write_bytes(b"")
    with pytest.raises(ValueError, match=r"SavedModel \(.*\) or a \.tflite file, received .*a\.txt"):
        load(tmp_path / "a.txt", subject.model)
    path = edge_file("dense", "float32")[0].path
    with pytest.raises(ValueError, match=r"Expected an artifact of this model, .* x \(4, 4, 1\), received"):
        load(path, Rescaling(Spec("image", (4, 4, 1), "uint8", 0.0, 255.0)))
    with pytest.raises(ValueError, match="Expected the run, model or preprocessor"):
        load(path)


def test_a_run_and_its_bundle(tmp_path):
    recipe = Recipe.of(latent_dim=3, network={"widths": [16]}, train={"epochs": 2})
    run = run_recipe(recipe, tmp_path / "digits")
    other = run_recipe(
        Recipe.of(latent_dim=3, network={"widths": [16]}, train={"epochs": 1}), tmp_path / "other"
    )
    bundle(run, tmp_path / "ship", formats=["tflite"], precisions=["float32"])
    path = tmp_path / "ship" / "edge" / "digits_float32.tflite"
    codec = load(path, run.folder)
    # A bundle says whose artifact it holds, as a compressed file does.
    manifest = json.loads((tmp_path / "ship" / "manifest.json").read_text())
    assert fingerprint(codec) == manifest["artifacts"][0]["model"] == fingerprint(run.model)
    with pytest.raises(ValueError, match="of another model"):
        load(path, other)
    # What the model compressed the artifact decodes, but for rounding.
    data = Compression(run.model, bits=4).fit(run.data).compress(run.data.test.examples[:20])
    theirs, ours = Compression(codec).decompress(data), Compression(run.model).decompress(data)
    assert np.mean(theirs != ours) < 0.01
    outcomes = [
        apply("reduction", run, tmp_path / name, artifact=one, baselines=False)
        for name, one in (("model", None), ("artifact", codec))
    ]
    frames = [pd.read_csv(tmp_path / name / "codes.csv") for name in ("model", "artifact")]
    np.testing.assert_allclose(frames[1][["z0", "z1", "z2"]], frames[0][["z0", "z1", "z2"]], atol=1e-4)
    ours, theirs = (next(iter(one.findings.values())).figures for one in outcomes)
    assert theirs == pytest.approx(ours, abs=1e-3)
