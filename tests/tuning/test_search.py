"""A search: trials, guided draws, budgets, and how it goes on after an interruption."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import filelock
import numpy as np
import pandas as pd
import pytest
from kerasae.tuning import (
    Budget,
    Settings,
    Space,
    baseline_values,
    objective,
    read_trials,
    search,
)
from kerasae.tuning.cluster import SpreadOracle
from kerasae.tuning.refit import winning_recipe
from searches import COMMAND, QUICK, settings
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from warm_processes import run_kerasae

from kerasae import Recipe


def played(oracle, count=None, worker="one", score=lambda values: float(values["width"])):
    """Runs trials in this process: what an oracle gives, by the order in which it gives it."""
    found = []
    while count is None or len(found) < count:
        trial = oracle.create_trial(worker)
        if trial.status != "RUNNING":
            break
        found.append((trial.trial_id, trial.hyperparameters.values))
        oracle.update_trial(trial.trial_id, {"val_reconstruction": score(found[-1][1])})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    return found


@pytest.mark.parametrize("tuner", ["bayesian", "random"])
def test_trials_are_spread_over_the_code_sizes_and_repeat(tuner, digits, tmp_path):
    found = [
        played(SpreadOracle.of(settings(12, tuner=tuner), digits, tmp_path / name / "search"))
        for name in "ab"
    ]
    assert found[0] == found[1]
    assert [values["latent_dim"] for _, values in found[0]] == [2, 4] * 6
    assert len({json.dumps(values, sort_keys=True) for _, values in found[0]}) == 12
    other = settings(12, tuner=tuner)
    other = Settings(other.recipe.override({"train.seed": 5}), other.space, 12, tuner=tuner)
    assert played(SpreadOracle.of(other, digits, tmp_path / "c" / "search"))[2:] != found[0][2:]


@pytest.mark.parametrize("tuner", ["bayesian", "random"])
def test_an_interrupted_search_goes_on_as_if_it_had_not_been(tuner, digits, tmp_path):
    whole = played(SpreadOracle.of(settings(10, tuner=tuner), digits, tmp_path / "whole" / "search"))
    place = tmp_path / "parts" / "search"
    parts = []
    for count in (1, 3, 4, None):
        oracle = SpreadOracle.of(settings(10, tuner=tuner), digits, place)
        oracle.reload()
        parts += played(oracle, count)
        # One that was begun and never ended.
        oracle.create_trial("killed")
    assert parts == whole


def test_a_hyperparameter_is_in_the_space_once(digits, tmp_path):
    """TensorBoard's HParams refuse another of the same name, and the process would learn it twice."""
    space = Space(latent_dims=(2, 4), families=("sparse", "denoising"), also=("weights", "noise", "loss"))
    oracle = SpreadOracle.of(settings(2, space=space), digits, tmp_path / "search")
    names = [hp.name for hp in oracle.hyperparameters.space]
    assert len(names) == len(set(names))
    assert {"sparse_weight", "denoising_level", "ratio_4", "family", "loss"} <= set(names)
    values = oracle.create_trial("one").hyperparameters.values
    assert "sparse_weight" in values and "denoising_level" not in values


@pytest.mark.parametrize("kind", ["text", "table", "numbers"])
def test_baselines_of_a_search_do_not_see_the_validation_split(kind, digits, tmp_path):
    if kind == "text":
        words = np.random.default_rng(0).choice(list("abcdefgh"), size=(60, 5))
        (tmp_path / "lines.txt").write_text("\n".join(" ".join(line) for line in words))
        data = Recipe.of(source=str(tmp_path / "lines.txt")).load()
    elif kind == "table":
        frame = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 4)), columns=list("abcd"))
        frame.assign(e=["x", "y", "z"] * 20).to_csv(tmp_path / "rows.csv", index=False)
        data = Recipe.of(source=str(tmp_path / "rows.csv")).load()
    else:
        data = digits
    aim = objective("reconstruction", data)
    found = baseline_values([2], aim, data)[2]
    assert found and all(one.value >= 0 for one in found.values())
    assert all(one.rows.value == pytest.approx(one.value) for one in found.values())
    if kind == "numbers":
        mean, rows = data.mean.ravel(), data.x("train").reshape(len(data.train), -1)
        _, _, directions = np.linalg.svd(rows - mean, full_matrices=False)
        held = data.x("validation").reshape(len(data.validation), -1) - mean
        left = held - held @ directions[:2].T @ directions[:2]
        assert found["pca"].value == pytest.approx(np.square(left).mean(), rel=1e-4)


def test_the_first_trial_of_a_size_is_the_recipe_itself(digits, tmp_path):
    one = Settings(Recipe.of(train=QUICK), Space(latent_dims=(4, 8)), 2)
    oracle = SpreadOracle.of(one, digits, tmp_path / "search")
    for size in (4, 8):
        trial = oracle.create_trial("one")
        drawn = one.recipe.override(one.space.draw(trial.hyperparameters, one.recipe, digits.spec))
        plain = Recipe.of(latent_dim=size).build(digits)
        assert drawn.build(digits).count_params() == plain.count_params(), drawn.network
        trial.status = "FAILED"
        oracle.end_trial(trial)


@pytest.mark.slow
def test_guided_draws_do_not_depend_on_which_worker_is_quick(digits, tmp_path):
    alone = played(SpreadOracle.of(settings(12), digits, tmp_path / "alone" / "search"))
    oracle = SpreadOracle.of(settings(12), digits, tmp_path / "two" / "search")
    found, running, turn = [], [], 0
    while oracle.ended < 12:
        for worker in "ab":
            trial = oracle.create_trial(worker)
            if trial.status == "RUNNING" and trial.trial_id not in [one.trial_id for one in running]:
                found.append((trial.trial_id, trial.hyperparameters.values))
                running.append(trial)
        # Now the later one ends first, now the earlier.
        turn += 1
        trial = running.pop(-1 if turn % 2 else 0)
        oracle.update_trial(
            trial.trial_id, {"val_reconstruction": float(trial.hyperparameters.values["width"])}
        )
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    assert found == alone


def test_guided_draws_go_where_scores_are_good(digits, tmp_path):
    wide = Settings(Recipe.of(train=QUICK), Space(latent_dims=(2, 4), depths=(1, 2), widest=(8, 512)), 24)
    found = played(
        SpreadOracle.of(wide, digits, tmp_path / "search"), score=lambda values: abs(values["width"] - 40) + 1
    )
    late = [abs(values["width"] - 40) for _, values in found[12:]]
    early = [abs(values["width"] - 40) for _, values in found[2:6]]
    assert np.median(late) < 0.5 * np.median(early)


def test_a_budget_holds_before_a_trial_is_drawn(digits, tmp_path):
    few = settings(8, budget=Budget(parameters=3000))
    oracle = SpreadOracle.of(few, digits, tmp_path / "search")
    assert len(played(oracle)) == 8
    for values in [trial.hyperparameters.values for trial in oracle.trials.values()]:
        hp = oracle.hyperparameters.copy()
        hp.values = values
        assert (
            few.recipe.override(few.space.draw(hp, few.recipe, digits.spec)).build(digits).count_params()
            <= 3000
        )


@pytest.mark.slow
def test_a_real_search_counts_failures_and_ends(digits, tmp_path):
    recipe = Recipe.of(train={**QUICK, "optimizer": "sgd", "learning_rate": 1e3})
    bad = Settings(recipe, Space(latent_dims=(2,), depths=(1, 1), widest=(8, 9)), 2, tuner="random")
    with pytest.raises(ValueError, match=r"received 2 that failed; the first: FloatingPointError: The loss"):
        search(tmp_path / "bad", bad, digits)
    budget = Budget(bytes=30_000, latency_ms=1000.0)
    over = settings(4, budget=budget, tuner="random", tensorboard=True)
    trials = search(tmp_path / "over", over, digits, jobs=2)
    assert len(trials) == 4
    assert {trial.over_budget for trial in trials} == {True, False}
    for trial in trials:
        assert trial.over_budget or trial.figures["bytes"] <= 30_000
        assert trial.over_budget or 0 < trial.figures["latency_ms"] < 1000
    assert not list(tmp_path.glob("over/search/trial_*/unfinished*"))
    # TensorBoard finds in its logs what was drawn for each trial that was run, and what came of it.
    logs = EventMultiplexer()
    logs.AddRunsFromDirectory(str(tmp_path / "over" / "tensorboard"))
    logs.Reload()
    tags = logs.PluginRunToTagToContent("hparams")
    runs = [run for run, found in tags.items() if "_hparams_/session_start_info" in found]
    assert len(runs) == sum(not trial.over_budget for trial in trials)
    slow = settings(1, budget=Budget(latency_ms=1e-6), tuner="random")
    with pytest.raises(ValueError, match="the first: over budget: latency_ms"):
        search(tmp_path / "slow", slow, digits)


@pytest.mark.slow
def test_a_search_killed_between_its_first_and_last_trial_goes_on(tmp_path):
    out = tmp_path / "tuned"
    arguments = [sys.executable, "-m", "kerasae", *COMMAND, "--jobs", "2", "--out", str(out)]
    rng = np.random.default_rng(3)
    for ended in (1, 2):
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while len([*out.glob("search/trial_*/result.json")]) < ended:
            assert process.poll() is None
            time.sleep(0.05)
        time.sleep(rng.uniform(0, 1))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    done = subprocess.run(arguments, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"})
    assert done.returncode == 0, done.stderr
    trials = read_trials(out / "search")
    assert [trial.number for trial in trials] == list(range(6))
    assert all(trial.completed for trial in trials)
    assert len({json.dumps(trial.values, sort_keys=True) for trial in trials}) == 6
    assert (out / "model.keras").is_file() and (out / "report.html").is_file()
    evaluated = run_kerasae(tmp_path, "evaluate", out)
    page = (out / "report.html").read_text()
    assert evaluated.returncode == 0 and "Search: 6 trials" in page and "Error by code size" in page
    # The rows to train on are those of the validation split too.
    assert "1,294 rows to train on, 144 for calibration, 359 to test on" in page
    recipe = Recipe.read(out / "recipe.json")
    drawn = {f"network.{key}": recipe.network[key] for key in ("latent_dim", "widths")}
    (best,) = [trial for trial in trials if trial.settings == drawn]
    assert recipe.train["epochs"] == best.figures["epochs"] and recipe.train["hold_out"] is False
    assert winning_recipe(Settings.read(out / "tuning.json"), best).network == {
        key: recipe.network[key] for key in ("latent_dim", "widths")
    }
    assert not list(out.glob("search/trial_*/unfinished*")) and not list(out.glob(".unfinished*"))
    # Another search in its place is refused, and nothing is changed.
    before = (out / "tuning.json").read_text()
    other = run_kerasae(tmp_path, *arguments[3:], "--seed", "9")
    assert other.returncode == 2 and "differ in `recipe`" in other.stderr
    assert (out / "tuning.json").read_text() == before
    shutil.rmtree(out)


def test_a_search_that_runs_keeps_its_settings(digits, tmp_path):
    place = tmp_path / "search"
    place.mkdir()
    settings(3).save(tmp_path / "tuning.json")
    before = (tmp_path / "tuning.json").read_bytes()
    with (
        filelock.FileLock(place / "lock"),
        pytest.raises(FileExistsError, match="a search that is not running"),
    ):
        search(tmp_path, settings(9), digits)
    assert (tmp_path / "tuning.json").read_bytes() == before
