"""What holds of every format of an export, and a format from outside the library."""

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from kerasae.export.bundles.bundle import _Wish
from kerasae.export.endpoints import Endpoint, write_saved_model
from warm_processes import run_kerasae

from kerasae import export, registry
from kerasae.codec import fingerprint

STRANGERS = Path(__file__).parent.parent / "strangers"


@pytest.fixture
def strangers(monkeypatch):
    monkeypatch.setenv("KERASAE_PATH", str(STRANGERS))


@pytest.mark.parametrize("name", registry.names("export"))
def test_a_format_says_what_it_is(name):
    member = registry.resolve("export", name)
    assert issubclass(member, export.Format)
    assert member.name() == name
    assert getattr(export, member.__name__) is member
    variants = member.variants()
    places = {one.place("digits", 7) for one in variants}
    assert len(places) == len(variants) > 0
    for place in places:
        assert "digits" in place and not Path(place).is_absolute()
    assert {one.precision for one in variants} == set(member.precisions or {member.precision})
    assert {one.precision for one in variants} <= set(export.TOLERANCES)
    assert member.card is None or member.card.is_file()
    # The arguments, which the command line and `bundle` check, are documented.
    for argument in registry.parameters(member):
        assert f"    {argument}: " in inspect.getdoc(member)


def test_a_format_is_a_class_however_it_is_imported():
    """`kerasae.export.tflite` was a module or a function, as it happened."""
    from kerasae.export.formats import tflite

    assert inspect.ismodule(tflite) and inspect.isclass(export.TFLite)
    assert not hasattr(export, "tflite") and not hasattr(export, "saved_model")


def test_one_artifact_is_asked_for_by_name_and_arguments(edge_subject, tmp_path):
    for asked in ({"name": "tflite", "precision": "float16"}, export.TFLite(precision="float16")):
        wish = _Wish.of(asked, None, asked=False)
        assert [one.place("m", 1) for one in wish.artifacts] == ["edge/m_float16.tflite"]
        assert wish.each
    with pytest.raises(TypeError, match=r"`export.precision` must be of type 'float32' \| 'float16'"):
        export.bundle(
            edge_subject("dense"), tmp_path / "new", formats=[{"name": "tflite", "precision": "int4"}]
        )
    with pytest.raises(TypeError, match="Expected a format of an export, received 7"):
        export.bundle(edge_subject("dense"), tmp_path / "new", formats=[7])


def test_a_format_from_outside_is_written_verified_and_described(
    strangers, edge_subject, tmp_path, monkeypatch
):
    ship = tmp_path / "ship"
    written = export.bundle(edge_subject("dense"), ship, formats=["keras_file"])
    assert [one.path for one in written] == [ship / "keras" / "dense.keras"]
    assert export.verify(ship) == export.Verdict(["keras/dense.keras"], [], [])
    assert '`kerasae.load_model("keras/dense.keras")` loads the model.' in (ship / "README.md").read_text()
    codec = export.load(ship / "keras" / "dense.keras")
    assert fingerprint(codec) == fingerprint(edge_subject("dense").model)
    with pytest.raises(ValueError, match=r"Expected a \.keras file or the version folder .*, received"):
        export.load(ship, edge_subject("dense").model)
    monkeypatch.delenv("KERASAE_PATH")
    verdict = export.verify(ship)
    assert verdict.faults == []
    (note,) = verdict.notes
    assert "was not run. Unknown export 'keras_file'" in note


def test_a_format_from_outside_that_differs_from_the_model_does_not_leave(
    strangers, edge_subject, tmp_path, monkeypatch
):
    member = registry.resolve("export", "keras_file")
    opened = member.runtime

    def off(path):
        runtime = opened(path)
        run = runtime.run
        runtime.run = lambda *sent: {"z": 1.01 * run(*sent)["z"]}
        return runtime

    monkeypatch.setattr(member, "runtime", off)
    with pytest.raises(export.ParityError, match=r"m\.keras does not agree with its model: encode z"):
        member().write(edge_subject("dense"), tmp_path / "m.keras")
    assert not list(tmp_path.iterdir())


def _command(*arguments):
    environment = {"KERASAE_PATH": str(STRANGERS), "COLUMNS": "200"}
    done = run_kerasae(Path.cwd(), *arguments, environment=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_command_line_lists_a_format_from_outside_without_importing_it():
    shown = " ".join(_command("export", "--help").split())
    assert "--keras-file" in shown and "Also the model as Keras saves it." in shown
    assert "keras_file|onnx|saved_model" in shown
    assert "Without it, all formats except c99, keras_file, single, tiny, trainable" in shown


@pytest.mark.slow
def test_the_command_line_writes_and_verifies_a_format_from_outside(tmp_path):
    run, ship = tmp_path / "run", tmp_path / "ship"
    _command("train", "digits", "--model", "undercomplete", "--out", run, "--epochs", 1)
    _command("export", run, "--out", ship, "--format", "tflite", "--precision", "float32", "--keras-file")
    manifest = json.loads((ship / "manifest.json").read_text())
    assert [one["format"] for one in manifest["artifacts"]] == ["tflite", "keras_file"]
    assert "2 artifacts run: all agree with the model" in _command("verify", ship)


def test_each_endpoint_is_traced_once(tmp_path):
    """Keras's archive traces twice, which is a quarter of the time of an export."""
    traced = []

    def doubled(sent):
        traced.append("doubled")
        return {"y": 2 * weight * sent["x"]}

    weight = tf.Variable(3.0)
    spec = tf.TensorSpec((None, 2), tf.float32, name="x")
    write_saved_model(tmp_path, [Endpoint("doubled", {"x": spec}, doubled)], [])
    assert traced == ["doubled"]
    served = tf.saved_model.load(str(tmp_path)).signatures
    assert set(served) == {"doubled", "serving_default"}
    np.testing.assert_array_equal(served["doubled"](x=tf.ones((1, 2)))["y"], [[6.0, 6.0]])
