"""What is logged, whatever the tracker."""

import dataclasses
import importlib.util
import json
import math

import pytest

from kerasae.metrics.comparison import merge
from kerasae.runs import run_recipe
from kerasae.trackers import (
    Record,
    RunLog,
    Tracked,
    Tracker,
    TrackingError,
    held_out_figures,
    log_together,
    trackers_of,
)
from kerasae.trackers._record import finite, flat
from kerasae.workflows.comparison.logged import log_comparison
from kerasae.workflows.comparison.runs import entries_of


class Memory(Tracker):
    """A tracker that remembers calls, and fails where it is told to."""

    def __init__(self, failing=()):
        self.failing, self.runs = failing, []

    def check(self):
        pass

    def begin(self, name, *, tags, parent=None, identity=None):
        self.runs.append(MemoryRun(name, parent, self))
        return self.runs[-1]


class MemoryRun(Tracked):
    def __init__(self, name, parent, tracker):
        self.identity, self.place = {"id": len(tracker.runs)}, name
        self.name, self.parent, self.tracker, self.calls = name, parent, tracker, []

    def __getattribute__(self, key):
        if key not in ("parameters", "epochs", "figures", "files", "bundle", "end"):
            return super().__getattribute__(key)

        def call(*values):
            if key in self.tracker.failing:
                raise TrackingError(f"no {key}")
            self.calls.append((key, *values))

        return call

    parameters = epochs = figures = files = bundle = end = None


def test_nested_settings_have_one_name_each():
    assert flat({"model": {"beta": 2, "corruption": {"name": "masking", "level": 0.1}}, "loss": {}}) == {
        "model.beta": 2,
        "model.corruption.name": "masking",
        "model.corruption.level": 0.1,
        "loss": {},
    }


def test_only_finite_numbers_are_figures():
    assert finite({"a": 1, "b": math.nan, "c": None, "d": True, "e": "x", "f": 0.5}) == {"a": 1.0, "f": 0.5}


def test_figures_of_a_baseline_bear_its_name():
    figures = {"error": 0.1, "seconds": 2.0, "seed": 3}
    assert held_out_figures(figures) == {"test/error": 0.1, "seconds": 2.0}
    assert held_out_figures(figures, "pca") == {"test/pca/error": 0.1}


def test_parts_belong_to_the_whole():
    tracker = Memory()
    parts = [Record("a", {"x": 1}), Record("b", {}, figures={"y": 2}, outcome="failed")]
    assert log_together([tracker], Record("both", {}), parts) == {tracker.name(): "both"}
    whole, first, second = tracker.runs
    assert (first.parent, second.parent, whole.parent) == (whole.identity, whole.identity, None)
    assert first.calls == [("parameters", {"x": 1}), ("end", "finished")]
    assert second.calls == [("parameters", {}), ("figures", {"y": 2.0}), ("end", "failed")]


def test_what_fails_in_a_training_is_logged_at_its_end(recipe, tmp_path):
    tracker = Memory(failing=["epochs"])
    log = RunLog([tracker], tmp_path / "run")
    with pytest.warns(UserWarning, match="goes on without"):
        run = run_recipe(recipe, tmp_path / "run", callbacks=[log.callback()])
    with pytest.raises(TrackingError, match="no epochs"):
        log.finish(run)
    tracker.failing = ()
    RunLog([tracker], run.folder).finish(run)
    logged = dict(tracker.runs[-1].calls[1][1:][0])
    assert [*logged] == [1, 2, 3, 4]
    assert [row["loss"] for row in logged.values()] == [row["loss"] for row in run.epochs()]


def test_a_comparison_has_a_run_for_each_training(logged):
    tracker = Memory()
    (*baselines, model), data = entries_of([logged.run])
    entries = [*baselines, merge([dataclasses.replace(model, name="sparse")] * 2)]
    entries[-1].figures[1] = {**entries[-1].figures[1], "seed": 1}
    assert log_comparison([tracker], logged.run.recipe, entries, data, None) == {
        tracker.name(): "comparison on rows"
    }
    whole, first, second = tracker.runs
    assert (first.name, second.name) == ("sparse, seed 0", "sparse, seed 1")
    assert first.parent == second.parent == whole.identity
    calls = dict(second.calls)
    assert calls["parameters"]["model.name"] == "sparse" and calls["parameters"]["train.seed"] == 1
    assert [number for number, _ in calls["epochs"]] == [1, 2, 3, 4]
    assert calls["figures"]["test/error"] == model.figures[0]["error"]
    assert "test/pca/error" in dict(whole.calls)["figures"]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("mlflw", ValueError, "did you mean 'mlflow'"),
        ("mlflow(experimnt=a)", ValueError, "did you mean 'experiment'"),
        ("mlflow(experiment=3)", TypeError, "must be of type str"),
        (
            "mlflow(uri='postgresql://me:geheim@host/db')",
            ValueError,
            r"because tracking\.json of a run holds it, .* 'postgresql://me:\$\{SECRET\}@host/db'",
        ),
        ("mlflow(experiment", ValueError, r"Expected NAME or NAME\(key=value"),
    ],
)
def test_a_tracker_that_is_none_is_refused(text, error, message):
    with pytest.raises(error, match=message):
        trackers_of([text])


def test_a_tracker_named_twice_is_refused():
    with pytest.raises(ValueError, match="'mlflow' twice"):
        trackers_of(["mlflow", "mlflow(experiment=a)"])


def test_a_missing_package_names_its_extra(monkeypatch, kerasae, tmp_path):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name in ("mlflow", "wandb") else find(name, *a)
    )
    for name in ("mlflow", "wandb"):
        status, out, err = kerasae("train", "digits", "--out", tmp_path / "a", "--log-to", name)
        assert (status, out) == (2, "") and not (tmp_path / "a").exists()
        assert err == (
            f"kerasae: The tracker '{name}' needs {name}, which is not installed: pip install "
            f"'kerasae[{name}]'.\n"
        )


def test_notes_name_the_tracker_and_its_arguments(logged):
    notes = json.loads((logged.run.folder / "tracking.json").read_text())
    assert [*notes] == ["mlflow", "wandb"]
    assert notes["mlflow"]["arguments"]["experiment"] == "pumps" and notes["mlflow"]["epochs"] == 4
