"""An artifact that does not compute what its model computes does not leave."""

import dataclasses
import sys

import numpy as np
import pytest
import tensorflow as tf
from kerasae.export import endpoints, views
from kerasae.export.decision import Decision
from kerasae.export.formats import _convert
from kerasae.export.parity import Case, _scores, decision_faults, golden_arrays
from kerasae.export.verify_edge import breaches, check_artifact, compare, compare_output, read_golden
from kerasae.export.views.array import ArrayViews
from kerasae.export.views.table import TableViews

from kerasae import export
from kerasae.calibration import Calibration
from kerasae.losses import HIGHEST


def writes(subject, side, path):
    return (
        export.SavedModel().write(subject, path) if side == "server" else export.TFLite().write(subject, path)
    )


def with_another_weight(monkeypatch, side, model, spoil):
    """Writes artifacts whose first kernel is not the model's."""
    writer = export.SavedModel if side == "server" else _convert.convert
    original = endpoints.write_saved_model

    def spoiled(*arguments):
        kernel = next(layer.kernel for layer in model.encoder.layers if hasattr(layer, "kernel"))
        kept = kernel.numpy()
        kernel.assign(spoil(kept))
        original(*arguments)
        kernel.assign(kept)

    monkeypatch.setattr(sys.modules[writer.__module__], "write_saved_model", spoiled)


def one_weight(kernel):
    kernel = kernel.copy()
    kernel.reshape(-1, kernel.shape[-1])[20, 3] += 0.1 * kernel.std()
    return kernel


def one_weight_of_few(kernel):
    kernel = kernel.copy()
    kernel.reshape(-1, kernel.shape[-1])[1, 3] += 0.5 * kernel.std()
    return kernel


def test_an_onnx_file_of_another_model_is_caught(monkeypatch, square, tmp_path):
    described = type(square.model).describe
    monkeypatch.setattr(
        type(square.model), "describe", lambda self, x: {"z": 1.001 * described(self, x)["z"]}
    )
    square.cached("onnx", lambda: _with_honest_codes(square))
    with pytest.raises(export.ParityError, match=r"m\.onnx does not agree"):
        export.ONNX().write(square, tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def _with_honest_codes(subject):
    x = subject.preprocessor.to_x(subject.held_out)
    codes = subject.model.transform(subject.held_out)
    params = subject.model.decoder(codes)
    loss = subject.model.reconstruction_loss
    view = views.edge_view(subject.preprocessor)
    expected = view.expected(np.asarray(loss.mean(params)), "reconstruction")
    expected |= {"z": codes, "score": np.asarray(loss.error(x, params))}
    return {"all": Case(view.feed(subject.held_out), expected, view.units("reconstruction"))}


@pytest.mark.parametrize("side", ["server", "edge"])
@pytest.mark.parametrize("spoil", [one_weight, np.transpose, lambda kernel: kernel * 1.01])
def test_a_weight_that_is_not_the_models_is_caught(monkeypatch, square, tmp_path, side, spoil):
    with_another_weight(monkeypatch, side, square.model, spoil)
    with pytest.raises(export.ParityError, match=r"does not agree with its model.*nothing was written"):
        writes(square, side, tmp_path / "artifact")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("side", ["server", "edge"])
@pytest.mark.parametrize("network", ["series", "windows"])
@pytest.mark.parametrize("spoil", [one_weight_of_few, lambda kernel: kernel * 1.01])
def test_a_weight_that_is_not_of_the_model_of_windows_is_caught(
    monkeypatch, subject, sources, tmp_path, network, side, spoil
):
    known = subject(network, "undercomplete")
    # Nothing is kept of this one.
    fresh = export.Subject.of(known.model, data=sources[network], name="small")
    writes(fresh, side, tmp_path / "whole")
    again = export.Subject.of(known.model, data=sources[network], name="small")
    with_another_weight(monkeypatch, side, known.model, spoil)
    with pytest.raises(export.ParityError, match=r"does not agree with its model.*nothing was written"):
        writes(again, side, tmp_path / "artifact")
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


@pytest.mark.parametrize("side", ["server", "edge"])
@pytest.mark.parametrize("verb", ["enter", "leave"])
def test_a_scaling_that_is_left_out_is_caught(monkeypatch, square, tmp_path, side, verb):
    if verb == "enter":
        monkeypatch.setattr(ArrayViews.server, "enter", lambda self, sent: tf.cast(sent["x"], tf.float32))
    else:
        monkeypatch.setattr(ArrayViews.server, "leave", lambda self, x, name: {name: x})
    with pytest.raises(export.ParityError):
        writes(square, side, tmp_path / "artifact")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_column_that_leaves_in_other_units_is_caught(monkeypatch, subject, tmp_path):
    honest = TableViews.server.leave
    fresh = dataclasses.replace(subject("table"))
    export.SavedModel().write(fresh, tmp_path / "good")
    monkeypatch.setattr(
        TableViews.server,
        "leave",
        lambda self, x, name: {**(out := honest(self, x, name)), "number": 1.01 * out["number"]},
    )
    with pytest.raises(export.ParityError, match="number: max_deviation"):
        export.SavedModel().write(dataclasses.replace(fresh), tmp_path / "bad")


@pytest.mark.slow
def test_a_score_of_something_else_is_caught(monkeypatch, square, tmp_path):
    export.TFLite().write(square, tmp_path / "good.tflite")
    (kept,) = [key for key in square.__dict__["_kept"] if key.startswith("tflite")]
    del square.__dict__["_kept"][kept]
    loss = type(square.model.reconstruction_loss)
    honest = loss.error
    monkeypatch.setattr(loss, "error", lambda self, x, params: 1.01 * honest(self, x, params))
    with pytest.raises(export.ParityError, match="anomaly_score score"):
        export.TFLite().write(square, tmp_path / "bad.tflite")
    assert [path.name for path in tmp_path.iterdir()] == ["good.tflite"]


def test_a_tolerance_can_be_changed_and_must_be_known(square, tmp_path):
    with pytest.raises(export.ParityError, match="error_ratio"):
        export.TFLite(precision="int8").write(square, tmp_path / "m.tflite", tolerance={"error_ratio": 0.5})
    with pytest.raises(ValueError, match="did you mean 'error_ratio'"):
        export.TFLite().write(square, tmp_path / "m.tflite", tolerance={"eror_ratio": 0.5})
    assert not list(tmp_path.iterdir())


def test_deviations_are_in_units_and_codes_agree_or_not():
    expected = np.array([[1.0, 5.0], [2.0, np.nan]])
    assert compare(expected, expected) == {"max_deviation": 0.0, "mean_deviation": 0.0}
    assert compare(expected, expected + np.array([1, 0]), [2.0, 1.0])["max_deviation"] == 0.5
    assert compare(expected, np.nan_to_num(expected))["max_deviation"] == np.inf
    codes = compare(np.array([[3.0], [4.0]]), np.array([[3.2], [5.0]]), [0.0])
    assert codes == {"agreement": 0.5, "codes": 2}
    assert compare(np.array(["a", "b"]), np.array(["a", "c"])) == {"agreement": 0.5, "codes": 2}
    assert compare(np.zeros(3), np.zeros(4))["max_deviation"] == np.inf


@pytest.mark.parametrize(("codes", "allowed"), [(1, 0), (3, 0), (4, 1), (20, 1), (21, 2), (100, 5)])
def test_of_few_codes_one_may_differ(codes, allowed):
    """Three of four stored entries are a share of 0.75, below a bound of 0.95, but four are too few."""

    def said(differing, bound=0.95):
        got = np.arange(codes) + 100 * (np.arange(codes) < differing)
        return breaches(compare(np.arange(codes), got), {"agreement": bound}, "here")

    assert not said(allowed)
    assert said(allowed + 1)
    assert said(1, bound=1.0)
    assert bool(said(1, bound=0.999)) == (codes < 10)


@pytest.mark.parametrize(
    "error", [tf.errors.DataLossError(None, None, "lost"), type("Fail", (Exception,), {})("lost")]
)
def test_an_error_of_any_runtime_is_a_fault_and_a_missing_one_is_none(error, tmp_path):
    def opened(path):
        raise missing or error

    missing = None
    (fault,) = check_artifact({"path": "onnx/m.onnx"}, {}, opened, tmp_path)
    assert fault.startswith("onnx/m.onnx: cannot be run: ") and "lost" in fault
    missing = ImportError("onnxruntime")
    with pytest.raises(ImportError, match="onnxruntime"):
        check_artifact({"path": "onnx/m.onnx"}, {}, opened, tmp_path)


def test_a_decision_of_a_precise_artifact_is_never_another():
    expected = {"anomalous": np.zeros(32, "int32")}
    measures = compare_output(expected, {"anomalous": np.eye(1, 32, dtype="int32")[0]}, "anomalous")
    assert breaches(measures, {"agreement": 0.999}, "here")
    assert not breaches(measures, {"agreement": 0.9}, "here")


@pytest.mark.parametrize(
    ("value", "bound", "words"),
    [
        (1.0000003, 1.0, "1.0000003, expected at most 1"),
        (1.0012, 1.001, "1.0012, expected at most 1.001"),
        (1.23456, 1.001, "1.23, expected at most 1.001"),
        (1 + 2**-52, 1.0, "1.0000000000000002, expected at most 1"),
        (1.00002, 1.000012345, "1.00002, expected at most 1.00001"),
        (np.nan, 1.0, "nan, expected at most 1"),
    ],
)
def test_a_breach_shows_the_digits_that_exceed_the_bound(value, bound, words):
    assert breaches({"error_ratio": value}, {"error_ratio": bound}, "in use") == [
        f"in use: error_ratio {words}"
    ]


def test_a_score_at_the_threshold_is_no_disagreement():
    """With 201 rows the quantile is one of the scores, and its last bit decides."""
    expected = np.random.default_rng(0).gamma(2.0, size=201).astype("float32")
    at_the_threshold = expected == np.float32(np.quantile(expected, 0.95))
    assert at_the_threshold.sum() == 1
    got = np.where(at_the_threshold, np.nextafter(expected, np.float32(np.inf)), expected)
    assert _scores.score_measures(expected, got)["decisions"] == 1.0
    # Beyond rounding it is one.
    got = np.where(np.argsort(np.argsort(expected)) == 195, 0.0, expected)
    assert _scores.score_measures(expected, got)["decisions"] == pytest.approx(199 / 200)
    assert _scores.is_decided(np.array([1.0, 2.0, HIGHEST]), 2.0).tolist() == [True, False, True]


def test_decisions_follow_from_the_scores_of_the_artifact_itself():
    rng = np.random.default_rng(0)
    scores = rng.gamma(2.0, size=200).astype("float32")
    decision = Decision(4.0, Calibration.of(rng.gamma(2.0, size=50)))
    p_values = decision.calibration.p_values(scores).astype("float32")
    honest = {"score": scores, "p_value": p_values, "anomalous": (scores > 4).astype("int32")}
    case = Case({}, honest, {})

    def faults(**changed):
        return decision_faults(case, honest | changed, decision, "detect")

    assert not faults()
    # The scores of int8 move, and the decisions with them.
    moved = (1.01 * scores).astype("float32")
    follow = {"p_value": decision.calibration.p_values(moved), "anomalous": (moved > 4).astype("int32")}
    assert not faults(score=moved, **follow)
    (fault,) = faults(anomalous=np.zeros(200, "int32"))
    assert fault.startswith("detect anomalous: ")
    (fault,) = faults(p_value=p_values + 0.01)
    assert fault.startswith("detect p_value: ")
    unknown = np.where(np.arange(200) == 3, np.nan, scores)
    assert not faults(score=unknown)


def test_golden_strings_come_back_to_the_byte(tmp_path):
    texts = np.array([b"a\x00", b"", "é".encode()], dtype=object)
    case = Case({"x": texts}, {"y": np.arange(3.0)}, {})
    np.savez(tmp_path / "g.npz", **golden_arrays("server/1", {"verb": case}, 3))
    found = read_golden(tmp_path / "g.npz")
    assert found["server/1:verb:in:x"].tolist() == texts.tolist()
    np.testing.assert_array_equal(found["server/1:verb:out:y"], np.arange(3.0))
