"""Files of one signature, for runtimes that take one graph."""

import dataclasses

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from kerasae.export import ExportError, Single, TFLite, bundle, calibrate_bundle, verify
from kerasae.export.verify_edge import EdgeModel, verify_edge

from kerasae.workflows import score


def graphs(path):
    return schema.Model.GetRootAs(bytearray(path.read_bytes()), 0).SubgraphsLength()


@pytest.fixture(scope="module")
def shipped(detecting, tmp_path_factory):
    """A bundle of files of one graph."""
    root = tmp_path_factory.mktemp("single") / "ship"
    bundle(detecting, root, formats=[Single(), Single("encode")])
    return root


@pytest.mark.slow
def test_a_file_has_one_graph_and_agrees(shipped, detecting):
    name = detecting.name
    files = sorted(path.name for path in shipped.glob("edge/*.tflite"))
    assert files == [f"{name}_detect_float32.tflite", f"{name}_encode_float32.tflite"]
    for path in shipped.glob("edge/*.tflite"):
        assert graphs(path) == 1
        assert [*EdgeModel(path.read_bytes()).signatures()] == [path.name.split("_")[1]]
    verdict = verify(shipped)
    assert not verdict.faults and len(verdict.artifacts) == 2
    assert verify_edge(shipped) == (2, [])
    assert "answers `detect` alone" in (shipped / "README.md").read_text()


@pytest.mark.slow
def test_it_scores_and_can_be_calibrated(shipped, detecting, tmp_path):
    detecting.held_out.to_csv(tmp_path / "site.csv", index=False)
    before = [*score(shipped, tmp_path / "site.csv")]
    expected = detecting.detector(detecting.model.accounts(detecting.held_out))
    np.testing.assert_allclose([one["score"] for one in before], np.asarray(expected), rtol=1e-4)
    calibrate_bundle(shipped, tmp_path / "site.csv", false_alarms=0.3)
    flags = [one["anomalous"] for one in score(shipped, tmp_path / "site.csv")]
    assert sum(flags) == int(0.3 * (len(flags) + 1)) - 1
    assert not verify(shipped).faults


def test_what_it_cannot_hold_is_refused(subject, tmp_path):
    remedy = r"received one without\. Run `kerasae apply anomaly RUN` first, or leave --single out\.$"
    with pytest.raises(ExportError, match=remedy):
        Single().write(subject("table"), tmp_path / "small.tflite")
    with pytest.raises(ValueError, match="`signature` must be one of detect, "):
        Single("nothing")


def test_a_model_without_a_detector_is_refused_before_any_artifact_is_written(subject, tmp_path, monkeypatch):
    begun = []
    monkeypatch.setattr(TFLite, "write", lambda *_, **__: begun.append(1))
    with pytest.raises(ExportError, match="leave --single out"):
        bundle(subject("table"), tmp_path / "ship", formats=["tflite"], also=["single"])
    assert not begun
    # Of another size than its own, a detector is of no use, however often it is fitted.
    sized = dataclasses.replace(subject("table"), left_out="The detector knows another size.")
    with pytest.raises(ExportError, match=r"knows another size\. Leave --size or --single out\.$"):
        Single().check(sized)
    assert Single("encode").check(sized) is None
