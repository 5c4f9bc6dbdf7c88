"""The heat map of an inspection in every artifact, which the application computes too."""

import shutil

import numpy as np
import pytest
from kerasae.export.formats.saved_model._server_model import ServerModel
from kerasae.export.subject import Subject
from kerasae.export.verify_edge import EdgeModel
from kerasae.export.views import edge_view, server_view

from kerasae import Recipe, export
from kerasae.applications import AnomalyDetector
from kerasae.applications.anomaly._accounts import account_of
from kerasae.runs import run_recipe
from kerasae.workflows import apply

pytestmark = pytest.mark.slow

SETTINGS = {"score": {"name": "heat", "window": 3}, "false_alarms": 0.2}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inspected")
    rng = np.random.default_rng(0)
    rows = np.sin(np.arange(12)[:, None] + rng.uniform(0, 7, (160, 1, 1))) + 0 * np.arange(10)
    images = 120 + 60 * rows + 8 * rng.normal(size=rows.shape)
    np.save(folder / "images.npy", np.clip(images, 0, 255).astype("uint8"))
    recipe = Recipe.of(
        "denoising",
        source=str(folder / "images.npy"),
        latent_dim=2,
        model={"corruption": "occlusion"},
        network={"name": "spatial", "filters": [8, 8], "residual_blocks": 0},
        train={"epochs": 3, "batch_size": 16},
    )
    run = run_recipe(recipe, folder / "run")
    apply("anomaly", run, folder / "found", baselines=False, **SETTINGS)
    return run


def test_every_artifact_answers_the_map_of_the_application(run, tmp_path):
    formats = ["saved_model", "tflite", "onnx", *(["c99"] if shutil.which("gcc") else [])]
    precisions = ["float32", "float16", "dynamic", "int8"]
    # Parity holds for every output of every artifact; otherwise the bundle is refused.
    written = export.bundle(run, tmp_path / "ship", formats=formats, precisions=precisions, name="m")
    detector = AnomalyDetector(run.model, **SETTINGS).fit(run.data)
    raw = Subject.of(run).held_out.copy()
    raw[:, 4:7, 3:5] = 255
    account = account_of(run.model, run.model.spec, raw)
    heat = np.asarray(detector.detector_.maps(account)["heat"])
    assert heat.shape == (len(raw), 12, 10)
    np.testing.assert_array_equal(heat.max(axis=(1, 2)), detector.score_samples(raw))
    answers = {"server": ServerModel(tmp_path / "ship" / "server" / "m" / "1")}
    feeds = {"server": server_view(run.model.preprocessor).feed(raw)}
    for artifact in written:
        if artifact.path.suffix == ".tflite" and "float32" in artifact.path.name:
            answers["edge"] = EdgeModel(artifact.path.read_bytes())
            feeds["edge"] = edge_view(run.model.preprocessor).feed(raw)
    assert set(answers) == {"server", "edge"}
    for name, model in answers.items():
        got = model.run("detect", feeds[name])
        np.testing.assert_allclose(got["heat"], heat, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(got["score"], heat.max(axis=(1, 2)), rtol=1e-3)
    # SavedModel, four precisions, ONNX, and C99 if there is a compiler.
    assert len(written) >= 6 and all("heat" in str(artifact.signatures) for artifact in written)
