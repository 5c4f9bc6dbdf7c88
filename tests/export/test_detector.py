"""The detector of a run in its artifacts: the score and the decision that `kerasae apply anomaly` gives."""

import numpy as np
import pandas as pd
import pytest
from kerasae.export._server_model import ServerModel
from kerasae.export._subject import Subject
from kerasae.export._verify_edge import EdgeModel
from kerasae.export._views import edge_view, server_view

from kerasae import Recipe, export
from kerasae.applications import AnomalyDetector, apply
from kerasae.runs import run_recipe


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


def test_an_artifact_decides_as_the_application_does(run, tmp_path):
    detector = AnomalyDetector(run.model, false_alarms=0.2).fit(run.data)
    raw = Subject.of(run).held_out
    expected, flags = detector.score_samples(raw), detector.predict(raw)
    assert 0 < flags.mean() < 1
    export.saved_model(run, tmp_path / "server")
    served = ServerModel(tmp_path / "server")
    got = served.run("detect", server_view(run.model.preprocessor).feed(raw))
    np.testing.assert_allclose(got["score"], expected, rtol=1e-3)
    assert np.array_equal(got["anomalous"], flags)
    export.tflite(run, tmp_path / "edge.tflite")
    edge = EdgeModel((tmp_path / "edge.tflite").read_bytes())
    got = edge.run("detect", edge_view(run.model.preprocessor).feed(raw))
    np.testing.assert_allclose(got["score"], expected, rtol=1e-3)
    assert (got["anomalous"] == flags).mean() > 0.99


def test_a_detector_that_is_another_ones_is_caught(run, tmp_path, monkeypatch):
    """The endpoint and the expectation come by different ways: an error in one of them shows."""
    from kerasae.scores import Detector

    honest = Detector.call
    calls = []

    def spoiled(self, inputs):
        calls.append(1)
        # The expectation is worked out first, outside a graph.
        found = honest(self, inputs)
        return found if hasattr(found, "numpy") else found * 1.01

    monkeypatch.setattr(Detector, "call", spoiled)
    with pytest.raises(export.ParityError, match="detect score"):
        export.saved_model(run, tmp_path / "server")
    assert calls
    assert not (tmp_path / "server").exists()


def test_a_score_that_no_graph_carries_is_refused_by_name(run, tmp_path):
    kept = run.detector_path.read_bytes()
    try:
        apply("anomaly", run, tmp_path / "found", baselines=False, score="nearest_neighbours")
        with pytest.raises(ValueError, match="NearestNeighboursScore, which holds the training codes"):
            export.tflite(run, tmp_path / "edge.tflite")
    finally:
        run.detector_path.write_bytes(kept)
    assert not (tmp_path / "edge.tflite").exists()
