"""The detector of a run in its artifacts: the score and the decision that `kerasae apply anomaly` gives."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools import flatbuffer_utils
from kerasae.export.formats.saved_model._server_model import ServerModel
from kerasae.export.formats.tflite import TFLite
from kerasae.export.formats.tflite._calibration import set_numbers
from kerasae.export.parity import make_cases
from kerasae.export.subject import Subject
from kerasae.export.verify_edge import LOWER, EdgeModel
from kerasae.export.views import edge_view, server_view

from kerasae import Recipe, export
from kerasae.applications import AnomalyDetector
from kerasae.applications.anomaly._accounts import account_of
from kerasae.data import Data, Split, array_spec
from kerasae.data.tables import from_frame
from kerasae.files import read_sealed
from kerasae.kinds import kind_of
from kerasae.losses import HIGHEST
from kerasae.runs import run_recipe
from kerasae.scores import Detector
from kerasae.workflows import apply

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["digits", "table"])
def run(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("detector")
    source = "digits"
    if request.param == "table":
        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(500, 3)), columns=["a", "b", "c"])
        frame["kind"] = np.where(frame["a"] > 0, "hot", "cold")
        frame["on"] = frame["b"] > 1
        frame.loc[rng.random(500) < 0.1, "b"] = np.nan
        source = str(folder / "rows.csv")
        frame.to_csv(source, index=False)
    recipe = Recipe.of(
        "undercomplete", source=source, latent_dim=2, network={"widths": [16]}, train={"epochs": 4}
    )
    run = run_recipe(recipe, folder / "run")
    apply("anomaly", run, folder / "found", baselines=False, false_alarms=0.2)
    return run


@pytest.fixture(scope="module")
def shipped(run, tmp_path_factory):
    """A bundle of the run, and its files for devices."""
    ship = tmp_path_factory.mktemp("shipped")
    formats = ["saved_model", "tflite"]
    written = export.bundle(run, ship, formats=formats, precisions=["float32", "int8"], name="m")
    return ship, written[1:]


def test_an_artifact_decides_as_the_application_does(run, shipped):
    ship, files = shipped
    detector = AnomalyDetector(run.model, false_alarms=0.2).fit(run.data)
    raw = Subject.of(run).held_out
    if isinstance(raw, pd.DataFrame):
        # A number that others have but no row of its category, a value that training never saw, a gap where
        # there was none, and no entry at all.
        odd = raw.iloc[[0, 0, 1, 2]].astype(object)
        odd.iloc[0, [odd.columns.get_loc(name) for name in ("a", "kind")]] = -0.5, "hot"
        odd.iloc[1, odd.columns.get_loc("kind")] = "hto"
        odd.iloc[2, odd.columns.get_loc("a")] = None
        odd.iloc[3] = None
        raw = pd.concat([raw.astype(object), odd])
    expected, flags = detector.score_samples(raw), detector.predict(raw)
    assert 0 < flags.mean() < 1
    if isinstance(raw, pd.DataFrame):
        assert flags[-4:].all()
        assert expected[-1] == HIGHEST
        support = detector.detector_.score.support
        nats = support.features(support.taken(account_of(run.model, run.model.spec, raw)))[-4]
        assert np.flatnonzero(nats).tolist() == [0, 3]
        columns = [column.name for column in run.model.spec.features]
        named = [columns[number] for number in detector.explain(raw.iloc[-3:-1]).argmax(axis=1)]
        assert named == ["kind", "a"]
    served = ServerModel(ship / "server" / "m" / "1")
    got = served.run("detect", server_view(run.model.preprocessor).feed(raw))
    np.testing.assert_allclose(got["score"], expected, rtol=1e-3)
    assert np.array_equal(got["anomalous"], flags)
    _same_reasons(detector, raw, got)
    unset = np.full(len(flags), np.nan, "float32")
    for sent, decided in (
        ({"threshold": unset, "false_alarms": unset}, flags),
        ({"threshold": unset, "false_alarms": unset + 0.5}, flags),
        (
            {"threshold": unset, "false_alarms": np.float32(np.nan_to_num(unset, nan=0.5))},
            got["p_value"] <= 0.5,
        ),
        ({"threshold": np.float32(np.nan_to_num(unset, nan=1.0)), "false_alarms": unset}, got["score"] > 1.0),
    ):
        feed = server_view(run.model.preprocessor).feed(raw)
        assert np.array_equal(served.run("detect_at", {**feed, **sent})["anomalous"], decided)
    edge = EdgeModel(files[0].path.read_bytes())
    got = edge.run("detect", edge_view(run.model.preprocessor).feed(raw))
    np.testing.assert_allclose(got["score"], expected, rtol=1e-3)
    assert (got["anomalous"] == flags).mean() > 0.99
    _same_reasons(detector, raw, got)


def _same_reasons(detector, raw, got):
    """The reasons of an artifact are those of the application, as numbers in the same units."""
    told = detector.reasons(raw)
    names = np.array([*(column.name for column in detector.spec_.features)] or [*kind_names(detector)])
    by_rank = told[told["rank"] == 1].reset_index(drop=True)
    assert (names[got["reason"][:, 0]] == by_rank["reason"]).mean() > 0.99
    if "reason_name" in got:
        assert np.array_equal(got["reason_name"].astype(str), names[got["reason"]])
    assert (got["share"].sum(axis=1) <= 1.0001).all() and (got["spread"] >= 0).all()
    for name in ("value", "expected"):
        is_number = [isinstance(one, float) and np.isfinite(one) for one in by_rank[name]]
        rows = np.flatnonzero(is_number & (names[got["reason"][:, 0]] == by_rank["reason"]).to_numpy())
        ours, theirs = by_rank[name][rows].astype(float), got[name][rows, 0]
        # The application rounds an expected value to three digits of its spread.
        np.testing.assert_allclose(
            theirs, ours, rtol=1e-3, atol=0.01 * (1 + got["spread"][rows, 0].max(initial=0))
        )


def kind_names(detector):
    return kind_of(detector.spec_).feature_names


def test_the_bundle_says_what_the_detector_promises_and_from_how_many_rows(run, shipped):
    detector, rows = Subject.of(run).detector, len(run.data.calibration)
    assert (detector.false_alarms, detector.calibration_rows) == (0.2, rows)
    ship, _ = shipped
    facts = read_sealed(ship / "manifest.json", 1)["model"]["detector"]
    unit = "squared Mahalanobis distance of the residual, a number without a unit"
    score = "SupportedScore" if run.model.spec.columns else "WhitenedScore"
    assert facts == {
        "score": score,
        "unit": unit,
        "threshold": float(detector.threshold),
        "false_alarms": 0.2,
        "calibration_rows": rows,
        "calibration_block": 1,
    }
    card = (ship / "README.md").read_text()
    threshold = f"{float(detector.threshold):g}"
    assert f"`{score}`, which has another unit: {unit}. `anomalous` is 1 above\n{threshold}." in card
    assert f"fitted on {rows} rows that the training did not see,\nto flag at most 20 % of" in card
    assert ("Raw `x` is uint8, from 0 to 16." in card) == (run.data.spec.kind != "table")
    assert "\n\n## Anomaly scores\n" in card
    # This family draws nothing.
    assert "`eps`" not in card
    assert "`seed`" not in card


def test_a_program_that_names_no_signature_gets_the_reconstruction(shipped):
    """As on a microcontroller: the first graph, by the indices of its tensors."""
    ship, files = shipped
    assert [file.precision for file in files] == ["float32", "int8"]
    for one in files:
        model = Interpreter(str(one.path), num_threads=1)
        model.allocate_tensors()
        (sent,), (answered,) = model.get_input_details(), model.get_output_details()
        row = np.random.default_rng(0).integers(0, 16, sent["shape"]).astype(sent["dtype"])
        model.set_tensor(sent["index"], row)
        model.invoke()
        expected = model.get_signature_runner("reconstruct")(x=row)["reconstruction"]
        assert answered["shape"].tolist() == [*expected.shape]
        np.testing.assert_array_equal(model.get_tensor(answered["index"]), expected)
        assert sent["name"] == "reconstruct_x:0"
        assert set(model.get_signature_list()) == set(one.signatures)
        graphs = flatbuffer_utils.read_model_from_bytearray(bytearray(one.path.read_bytes())).subgraphs
        assert not any(graph.name.startswith(b"__") for graph in graphs)
    assert "names no signature gets `reconstruct`" in (ship / "README.md").read_text()


def test_a_row_at_the_threshold_is_not_compared(run, tmp_path):
    """Its flag hangs on the last bit of its score, on every runtime."""
    subject = Subject.of(run)
    scores = np.asarray(subject.detector(run.model.accounts(subject.held_out)))
    threshold = float(np.sort(scores)[-20])
    detector = Detector(subject.detector.score)
    detector.calibrate(scores[:0], threshold)
    tied = dataclasses.replace(subject, detector=detector)
    cases = make_cases(tied, server_view(tied.preprocessor), seeded=True, unreadable=False)
    case = cases["detect"]
    assert len(case.expected["score"]) < len(scores)
    assert not np.isclose(case.expected["score"], threshold, rtol=1e-7).any()
    assert case.expected["anomalous"].sum() >= 17
    assert all(len(value) == len(case.expected["score"]) for value in case.sent.values())


@pytest.mark.slow
def test_a_detector_that_is_another_ones_is_caught(run, tmp_path, monkeypatch):
    """The endpoint and the expectation come by different ways: an error in one of them shows."""
    honest = Detector.call
    calls = []

    def spoiled(self, inputs):
        calls.append(1)
        # The expectation is worked out first, outside a graph.
        found = honest(self, inputs)
        return found if hasattr(found, "numpy") else found * 1.01

    monkeypatch.setattr(Detector, "call", spoiled)
    with pytest.raises(export.ParityError, match="detect score"):
        export.SavedModel().write(run, tmp_path / "server")
    assert calls
    assert not (tmp_path / "server").exists()


def test_a_score_that_no_graph_carries_is_refused_by_name(run, tmp_path):
    kept = run.detector_path.read_bytes()
    try:
        apply("anomaly", run, tmp_path / "found", baselines=False, score="nearest_neighbours", refit=True)
        with pytest.raises(ValueError, match="NearestNeighboursScore, which holds the training codes"):
            export.TFLite().write(run, tmp_path / "edge.tflite")
    finally:
        run.detector_path.write_bytes(kept)
    assert not (tmp_path / "edge.tflite").exists()


@pytest.fixture(scope="module")
def sensors():
    """A model of readings in float32 with its detector, as what is exported, and one usual row."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 2)) @ rng.normal(size=(2, 6)) + 0.1 * rng.normal(size=(400, 6))
    x = x.astype("float32")
    parts = {"train": x[:200], "validation": x[200:250], "calibration": x[250:350], "test": x[350:]}
    splits = {name: Split(part) for name, part in parts.items()}
    data = Data("rows", array_spec(x), **splits)
    data = Recipe.of().prepare(data)
    model = Recipe.of("denoising", latent_dim=2, network={"widths": [16]}).build(data)
    model.fit(data.x("train"), epochs=3, verbose=0)
    detector = AnomalyDetector(model).fit(data)
    subject = Subject.of(model, data=data, name="sensors")
    return dataclasses.replace(subject, detector=detector.detector_), detector, x[:1]


#: What the small model is off by in int8 is not what is tested here.
LOOSE = {**dict.fromkeys(LOWER, 9), "agreement": 0.5}
LOOSE |= {"rank_correlation": 0.1, "decisions": 0.1}


_PRECISIONS = [
    "server",
    "int8",
    *(pytest.param(p, marks=pytest.mark.slow) for p in ("float32", "float16", "dynamic")),
]


@pytest.fixture(scope="module", params=_PRECISIONS)
def sensor_artifact(request, sensors, tmp_path_factory):
    """An artifact, what runs it, and the error of its scores."""
    error = {"server": 1e-3, "float32": 1e-3, "float16": 2e-2}.get(request.param, 0.2)
    path = tmp_path_factory.mktemp("sensors") / request.param
    if request.param == "server":
        return export.SavedModel().write(sensors[0], path), ServerModel(path), error
    artifact = export.TFLite(precision=request.param).write(sensors[0], path, tolerance=LOOSE)
    return artifact, EdgeModel(path.read_bytes()), error


NUMBERS = ("threshold", "calibration", "calibration_counts")


@pytest.mark.parametrize("name", ["threshold", "calibration_counts"])
def test_an_int8_file_that_decides_by_another_calibration_is_caught(sensors, tmp_path, monkeypatch, name):
    """One in ten rows may be flagged otherwise than by the model, but none otherwise than by its score."""
    original = TFLite.content

    numbers = {key: np.asarray(getattr(sensors[0].detector, key)) for key in NUMBERS}
    numbers[name] = np.full_like(numbers[name], np.inf) if name == "threshold" else 2 * numbers[name]
    original = TFLite.content
    monkeypatch.setattr(TFLite, "content", lambda *of: set_numbers(original(*of), numbers))
    output = "anomalous" if name == "threshold" else "p_value"
    with pytest.raises(export.ParityError, match=f"detect {output}: .* do not follow from the scores"):
        export.TFLite(precision="int8").write(sensors[0], tmp_path / "m.tflite", tolerance=LOOSE)


def test_a_reading_that_is_no_number_is_anomalous_everywhere(sensors, sensor_artifact):
    _, detector, usual = sensors
    _, runtime, _ = sensor_artifact
    rows = np.repeat(usual, 6, axis=0)
    rows[:5, 2] = np.nan, np.inf, -np.inf, 3e38, 1e-42
    rows[5] = np.nan
    odd = np.array([1, 1, 1, 1, 0, 1], bool)
    with np.errstate(all="ignore"):
        assert np.array_equal(detector.score_samples(rows) == HIGHEST, odd)
    for signature in ("detect", "anomaly_score"):
        assert np.array_equal(runtime.run(signature, {"x": rows})["score"] == np.float32(HIGHEST), odd)
    flags = runtime.run("detect", {"x": rows})["anomalous"]
    assert flags[odd].all()
    # A denormal is 0 in effect.
    near = np.where(rows[4:5] == rows[4, 2], 0.0, rows[4:5]).astype("float32")
    assert flags[4] == runtime.run("detect", {"x": near})["anomalous"][0]


def test_a_row_far_away_has_its_score_at_every_precision(sensors, sensor_artifact):
    """Not the greatest of the rows that int8 took its ranges from."""
    _, detector, usual = sensors
    _, runtime, error = sensor_artifact
    far = usual.copy()
    far[0, 2] += 1000
    got = runtime.run("detect", {"x": far})["score"]
    np.testing.assert_allclose(got, detector.score_samples(far), rtol=error)


def test_the_parity_table_has_the_row_that_no_model_can_judge(sensors, sensor_artifact):
    subject, _, _ = sensors
    artifact, *_ = sensor_artifact
    cases = subject.cached(artifact.golden, dict)
    for signature in ("detect", "anomaly_score"):
        case = cases[signature]
        assert np.isnan(case.sent["x"]).any(axis=1).sum() == 1
        assert np.isnan(case.sent["x"][1]).any()
        assert case.expected["score"][1] == np.float32(HIGHEST)
    assert cases["detect"].expected["anomalous"][1] == 1


def test_what_is_not_of_the_shape_is_refused(sensors, sensor_artifact):
    usual = sensors[2]
    _, runtime, _ = sensor_artifact
    for shape in ((6, 1), (1, 6, 1), (1, 2, 3), (1, 12), (2, 3)):
        wrong = np.resize(usual, shape)
        for signature in ("reconstruct", "encode", "anomaly_score", "detect"):
            with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
                runtime.run(signature, {"x": wrong})
    for shape in ((1, 3), (1, 2, 1), (2, 1)):
        with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
            runtime.run("decode", {"z": np.zeros(shape, "float32")})


def test_what_is_no_code_is_an_unknown_value_on_a_device():
    """-1 was the code of the last value, and 1.5 that of the first."""
    frame = pd.DataFrame({"a": np.arange(60.0), "c": ["u", "v", "w"] * 20})
    preprocessor = Recipe.of().prepare(from_frame(frame)).preprocessor
    assert preprocessor.spec.columns[1].width == 4
    sent = np.array([-1, 1.5, 4, 1e9, np.inf, -np.inf, 0, 1, 3, np.nan], "float32")
    numbers = np.linspace(-1, 9, len(sent))
    x = edge_view(preprocessor).enter({"x": np.stack([numbers, sent], axis=1).astype("float32")})
    assert [*np.asarray(x)[:-1, 1]] == [0, 0, 0, 0, 0, 0, 0, 1, 3]
    assert np.isnan(x[-1, 1])
    center, scale = preprocessor.centers[0], preprocessor.scales[0]
    np.testing.assert_allclose(x[:, 0], (numbers - center) / scale, rtol=1e-5)
