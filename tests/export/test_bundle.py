"""What a bundle holds, where it may go, and which artifacts are left out of it."""

import json
import re
import shutil
import subprocess
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from kerasae.export.bundles.calibrate import _decided
from kerasae.export.deployments._deployment import dns_labels
from kerasae.export.formats.onnx._onnx_model import OnnxModel
from kerasae.export.views import edge_view

from kerasae import export
from kerasae.models import UndercompleteAutoencoder
from kerasae.workflows import export as export_workflow
from kerasae.workflows import verify

VERBS = {"reconstruct", "encode", "decode", "anomaly_score"}


def test_a_bundle_holds_what_it_promises(ship):
    for name in (
        "server/small/1/saved_model.pb",
        "server/small/1/assets.extra/tf_serving_warmup_requests",
        "server/models.config",
        "server/batching.config",
        "server/monitoring.config",
        "deploy/docker-compose.yaml",
        "deploy/inferenceservice.yaml",
        "deploy/triton/small/config.pbtxt",
        "deploy/triton/small/1/model.onnx",
        "edge/small_float32.tflite",
        "edge/small_int8.tflite",
        "edge/facts.json",
        "edge/vocabulary.json",
        "golden.npz",
        "parity.json",
        "manifest.json",
        "README.md",
        "verify_edge.py",
    ):
        assert (ship / name).is_file(), name
    manifest = json.loads((ship / "manifest.json").read_text())
    assert [one["path"] for one in manifest["artifacts"]] == [
        "onnx/small.onnx",
        "server/small/1",
        "edge/small_float32.tflite",
        "edge/small_int8.tflite",
    ]
    listed = set(manifest["files"]) | {name for one in manifest["artifacts"] for name in one["files"]}
    here = {path.relative_to(ship).as_posix() for path in ship.rglob("*") if path.is_file()}
    assert here == listed | {"manifest.json"}
    for path, parity in json.loads((ship / "parity.json").read_text()).items():
        assert (ship / path).exists()
        assert {one["signature"] for one in parity["outputs"]} >= ({"all"} if "onnx" in path else VERBS)


def test_the_files_to_deploy_are_those_of_the_artifacts(ship):
    manifest = json.loads((ship / "manifest.json").read_text())
    exported = {one["format"]: one for one in manifest["artifacts"]}
    onnx, served = ship / exported["onnx"]["path"], exported["saved_model"]
    assert (ship / "deploy/triton/small/1/model.onnx").read_bytes() == onnx.read_bytes()
    configuration = (ship / "deploy/triton/small/config.pbtxt").read_text()
    for side in exported["onnx"]["signatures"]["all"].values():
        assert all(f'name: "{name}"' in configuration for name in side)
    assert "--model_base_path=/mnt/models/small" in (ship / "deploy/inferenceservice.yaml").read_text()
    card = (ship / "README.md").read_text()
    assert "docker compose -f deploy/docker-compose.yaml up" in card
    # What a server compares with its own version.
    versions = served["facts"]["tensorflow"]
    assert versions["version"].startswith(tf.__version__.rpartition(".")[0])
    assert 0 < versions["min_consumer"] <= versions["producer"]


def test_the_workflow_says_what_it_wrote(edge_subject, tmp_path):
    ship = tmp_path / "ship"
    exported = export_workflow(edge_subject("dense"), ship, formats=["tflite"], precisions=["float32"])
    (artifact,), (row,) = exported.artifacts, exported.table()
    assert exported.manifest == json.loads((ship / "manifest.json").read_text())
    assert row[:2] == ["edge/dense_float32.tflite", f"{artifact.path.stat().st_size:,}"]
    figures = dict(zip(exported.headings, row, strict=True))
    worst = max(one.get("max_deviation", 0) for one in artifact.parity.outputs)
    assert 0 < float(figures["max dev."]) == float(f"{worst:.3g}")
    assert verify(ship).sentence == "1 artifact run: all agree with the model"


def test_rows_with_gaps_have_numbers_for_answers_in_onnx(ship, subject, sources):
    """A gap is NaN on its way in; a graph that multiplies it away, rather than choosing, answers NaN."""
    model, raw = subject("table").model, sources["table"].test.examples
    raw = pd.concat([raw, raw.iloc[:1].where(raw.iloc[:1].isna())])
    assert raw.drop(columns="empty").isna().any(axis=1).mean() > 0.5
    sent = edge_view(model.preprocessor).feed(raw)
    answers = OnnxModel(ship / "onnx" / "small.onnx").run("all", sent)
    assert len(answers["score"]) == len(raw)
    assert not any(np.isnan(answers[name]).any() for name in ("z", "z_log_var", "score"))
    # A row without a single entry has nothing that speaks for it.
    assert np.isfinite(answers["score"][:-1]).all()
    np.testing.assert_allclose(answers["z"][:-1], model.transform(raw.iloc[:-1]), rtol=1e-3, atol=1e-4)


def test_the_card_says_by_what_key_a_column_is_sent(ship):
    card = (ship / "README.md").read_text()
    assert r"| income \(USD\)/year | `income__USD__year` | number |" in card
    assert card.startswith("# small\n") and "`seed` is two int32" in card
    assert "`eps` is noise" in card
    # New rows of Python are draws of the likelihood; those of a graph are not.
    assert card.count("the mean of `p(x|z)` for it, without the noise of the likelihood") == 2
    assert "these rows vary less than real ones; `kerasae apply generation` adds" in card


def test_a_bundle_says_where_its_artifacts_are(subject, tmp_path):
    written = export.bundle(subject("dense"), tmp_path / "ship", formats=["tflite"], precisions=["float32"])
    assert [one.path for one in written] == [tmp_path / "ship" / "edge" / "small_float32.tflite"]
    assert written[0].path.is_file()


@pytest.mark.slow
def test_a_folder_may_have_any_name(subject, ship, tmp_path):
    """TensorFlow looks for variables by a pattern, in which these characters have a meaning."""
    odd = tmp_path / "a [1] {b}*?" / "[c-d] $HOME %20 #ä"
    odd.parent.mkdir()
    ship.rename(odd)
    assert not export.verify(odd).faults
    export.bundle(subject("table"), odd, formats=["saved_model"])
    assert not export.verify(odd).faults
    codec = export.load(odd / "server" / "small" / "2", subject("table").model)
    assert codec.latent_dim == 3


def test_a_bundle_that_was_moved_verifies(ship, tmp_path):
    verdict = export.verify(ship.rename(tmp_path / "elsewhere"))
    assert not verdict.faults + verdict.notes
    assert len(verdict.artifacts) == 4


def by_copy(ship, to):
    """As `cp -rL` does: links, if there were any, become what they lead to."""
    shutil.copytree(ship, to, symlinks=False)


def by_zip(ship, to):
    shutil.unpack_archive(shutil.make_archive(str(to), "zip", ship), to)


def by_object_store(ship, to):
    """Keeps files by their names: no folders, and so no empty ones, no links, no permissions."""
    assert not any(path.is_symlink() for path in ship.rglob("*"))
    objects = {path.relative_to(ship): path.read_bytes() for path in ship.rglob("*") if path.is_file()}
    for name, content in objects.items():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (to / name).write_bytes(content)


def by_git(ship, to):
    def git(*arguments):
        settings = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.autocrlf=true")
        subprocess.run(["git", *settings, *arguments], check=True, capture_output=True)

    git("init", ship)
    git("-C", ship, "add", "--all")
    git("-C", ship, "commit", "-m", "a bundle")
    git("clone", ship, to)
    shutil.rmtree(to / ".git")


@pytest.mark.parametrize("way", [by_copy, by_zip, by_object_store, by_git])
def test_a_bundle_survives_its_way_to_a_device(ship, tmp_path, way):
    way(ship, tmp_path / "there")
    verdict = export.verify(tmp_path / "there", run=way is by_object_store)
    assert not verdict.faults + verdict.notes


PRECISIONS = export.TFLite.precisions


#: What float32 keeps, exact to some 1e-6, and fewer bits break, whose kernels are off by some 1e-4 at least.
STRICT = {"max_deviation": 3e-5}


@pytest.mark.slow
def test_a_precision_that_fails_leaves_the_others_and_says_so(square, tmp_path):
    with pytest.warns(
        UserWarning, match=r"edge/square_int8\.tflite was left out: .* max_deviation"
    ) as warned:
        written = export.bundle(square, tmp_path / "ship", tolerance=STRICT)
    assert sum("was left out" in str(one.message) for one in warned) == 3
    assert [one.path.name for one in written] == ["square.onnx", "1", "square_float32.tflite"]
    manifest = json.loads((tmp_path / "ship" / "manifest.json").read_text())
    paths = [f"edge/square_{precision}.tflite" for precision in PRECISIONS[1:]]
    assert [one["path"] for one in manifest["refused"]] == paths
    parity = json.loads((tmp_path / "ship" / "parity.json").read_text())
    card = (tmp_path / "ship" / "README.md").read_text()
    for one in manifest["refused"]:
        assert "max_deviation" in one["reason"]
        assert parity[one["path"]]["breaches"]
        assert f"`{one['path']}` was left out: {one['reason']}." in card
        assert not (tmp_path / "ship" / one["path"]).exists()
    assert not export.verify(tmp_path / "ship").faults


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"formats": ["tflite"]}, ["square_float32.tflite"]),
        ({"formats": ["tflite"], "precisions": ["float32", "int8"]}, None),
        ({"formats": ["tflite"], "tolerance": {"error_ratio": 0.5}}, None),
        (
            {"formats": ["onnx"], "tolerance": dict.fromkeys(("max_deviation", "score_max_deviation"), 0.0)},
            None,
        ),
    ],
)
def test_what_was_asked_for_by_name_fails_the_export(square, tmp_path, asked, names):
    asked = {"tolerance": STRICT, **asked}
    if names is None:
        with pytest.raises(export.ParityError):
            export.bundle(square, tmp_path / "ship", **asked)
        assert not (tmp_path / "ship").exists()
    else:
        with pytest.warns(UserWarning, match="was left out"):
            written = export.bundle(square, tmp_path / "ship", **asked)
        assert [one.path.name for one in written] == names


@pytest.mark.slow
def test_a_model_that_devices_cannot_run_leaves_for_a_server(tmp_path):
    inputs = keras.Input((6,))
    encoder = keras.Model(inputs, keras.ops.arctanh(0.1 * keras.layers.Dense(4)(inputs)))
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(6)])
    model = UndercompleteAutoencoder(encoder, decoder)
    model.build((None, 6))
    with pytest.warns(UserWarning, match=r"_float32\.tflite was left out: .*received Atanh"):
        written = export.bundle(model, tmp_path, examples=np.ones((9, 6), "float32"), name="m")
    assert {one.format for one in written} >= {"saved_model"}


def test_models_with_names_that_look_alike_have_labels_of_their_own():
    names = ["pump_a", "pump-a", "Pump A", *(f"{'x' * 50}{number}" for number in range(3)), "7"]
    labels = dns_labels(names)
    assert len({*labels}) == len(names) and labels[:3] == ["pump-a", "pump-a-2", "pump-a-3"]
    assert all(re.fullmatch(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?", label) for label in labels)


def test_a_calibration_leaves_facts_without_a_detector_alone():
    """An artifact of an earlier export, before there was a detector, stays in a bundle."""
    without, facts = {"detector": None}, {"detector": {"threshold": 1.0, "unit": "nats"}}
    for one in (without, facts):
        _decided(one, SimpleNamespace(facts={"threshold": 2.0}))
    assert without == {"detector": None} and facts == {"detector": {"threshold": 2.0, "unit": "nats"}}
