"""The search: which trials there are, that none is lost or run twice, and what is made of them."""

import copy
import dataclasses
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import filelock
import keras
import numpy as np
import pandas as pd
import PIL.Image
import pytest
from keras_tuner.errors import FailedTrialError, FatalError
from kerasae.tuning import (
    Budget,
    Curve,
    Point,
    Settings,
    Space,
    baseline_values,
    objective,
    read_trials,
    recommendation,
    search,
    trade_off,
    work,
)
from kerasae.tuning import refit as refit_module
from kerasae.tuning.cluster import SpreadOracle
from kerasae.tuning.cluster.client import ChiefGoneError, PatientClient
from kerasae.tuning.cluster.signs import UNFINISHED
from kerasae.tuning.cluster.tuner import TrialTuner
from kerasae.tuning.objectives import judged
from kerasae.tuning.refit import refit, winning_recipe
from kerasae.tuning.trials import Trial, read_rows, write_rows
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer

from kerasae import PCA, Recipe, load_data, train
from kerasae.data import Data, Split
from kerasae.metrics import RowSums
from kerasae.metrics.detection import anomaly_auroc
from kerasae.spec import Spec

QUICK = {"epochs": 2, "batch_size": 512}


def settings(trials=6, **more):
    space = Space(latent_dims=(2, 4), depths=(1, 2), widest=(8, 32))
    return Settings(Recipe.of(train=QUICK), more.pop("space", space), trials, **more)


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


def test_a_lost_worker_leaves_its_trial_to_another_and_is_heard_once(digits, tmp_path):
    oracle = SpreadOracle.of(settings(2), digits, tmp_path / "search", stale_seconds=0.0)
    first = oracle.create_trial("lost")
    time.sleep(0.01)
    assert oracle.create_trial("other").trial_id == first.trial_id
    for trial in (first, first):
        oracle.update_trial(trial.trial_id, {"val_reconstruction": 1.0})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    assert oracle.ended == 1 and not oracle.done
    oracle.stale_seconds = 60.0
    second = oracle.create_trial("other")
    assert second.trial_id != first.trial_id
    # Who has nothing to do waits: the other one may be lost.
    assert oracle.create_trial("idle").status == "IDLE"
    second.status = "FAILED"
    oracle.end_trial(second)
    assert oracle.create_trial("idle").status == "STOPPED"
    assert oracle.create_trial("other").status == "STOPPED"
    assert oracle.ended == 2 and oracle.done


def test_a_trial_that_ends_its_workers_fails(digits, tmp_path):
    oracle = SpreadOracle.of(settings(1), digits, tmp_path / "search")
    for name in "ab":
        oracle.create_trial(name)
        oracle.release_lost([name])
    assert oracle.done and "out of memory" in oracle.trials["0"].message


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


def curve(*rows, lower=True):
    points = tuple(Point(size, value, n, {"pca": pca}) for n, (size, value, pca) in enumerate(rows))
    return Curve(points, lower, "validation error", {"pca": "PCA"})


def test_the_knee_is_where_the_curve_bends():
    bent = curve((2, 1.0, 2.0), (4, 0.6, 1.0), (8, 0.1, 0.5), (16, 0.095, 0.2), (32, 0.09, 0.1))
    assert bent.knee() == 8
    # A straight line over the logarithm has none.
    # The code of 16 does what that of 8 does.
    assert curve((2, 1.0, 2), (4, 0.3, 1), (8, 0.2, 0.5), (16, 0.5, 0.2)).enough() == 8
    straight = curve((2, 4.0, 5), (4, 3.0, 5), (8, 2.0, 5), (16, 1.0, 5))
    assert straight.knee() is None and straight.recommended() == 16
    # One larger code that came out worse bends nothing: a smaller one does as well.
    assert curve((2, 1.0, 2), (4, 0.6, 1), (8, 0.1, 0.5), (16, 0.2, 0.2), (32, 0.09, 0.1)).knee() == 8


def test_what_is_said_is_so():
    level = curve((2, 1.0, 2.0), (4, 0.2, 0.4), (8, 0.199, 0.25))
    words = " ".join(sentence for _, sentence in recommendation(level))
    assert level.enough() == 4 and "More than 4 buys less than 2 %" in words and "50 % below PCA" in words
    worse = curve((2, 1.0, 2.0), (4, 0.5, 0.4))
    said = recommendation(worse)
    assert (False, "At 4 numbers PCA is better: validation error 0.5, 25 % above PCA.") in said
    perfect = " ".join(said for _, said in recommendation(curve((1, 0.8, 0.9), (2, 1.0, 1.0), lower=False)))
    assert "PCA is as good" in perfect and "levelled" not in perfect
    assert any("has not levelled off: 4 are 50 % better than 2" in sentence for _, sentence in said)


def test_a_difference_within_two_standard_errors_is_none(digits, tmp_path):
    """A trial that is PCA with a little noise of its own on each row; its rows are read from its folder."""
    aim = objective("error", digits)
    rival = baseline_values([2], aim, digits)
    rows = rival[2]["pca"].rows
    said = {}
    for factor, spread in ((1.0, 0.3), (0.5, 0.3)):
        noise = np.random.default_rng(1).normal(factor, spread, len(rows.totals))
        mine = RowSums(rows.totals * noise, rows.counts)
        folder = tmp_path / str(factor) / "trial_0000"
        folder.mkdir(parents=True)
        write_rows(folder, {aim.figure: mine})
        trial = Trial(0, "COMPLETED", {"latent_dim": 2}, {}, {aim.figure: mine.value}, (), 0.0, "")
        curve = trade_off([trial], aim, rival, folder.parent)
        assert 0 < curve.points[0].errors["pca"] < 0.1 * mine.value
        said[factor] = recommendation(curve)
        equal = [dataclasses.replace(trial, number=n) for n in range(30)]
        assert trade_off(equal, aim, rival, folder.parent).points[0].tried == 30
    assert "a difference within two standard errors" in said[1.0][0][1]
    point = dataclasses.replace(curve.points[0], value=0.88 * curve.points[0].baselines["pca"])
    point = dataclasses.replace(point, errors={"pca": 0.05 * point.baselines["pca"]})
    for tried, words in ((1, "12 ± 5 % below PCA"), (30, "that the best of 30 trials may have by chance")):
        tried_so_often = dataclasses.replace(curve, points=(dataclasses.replace(point, tried=tried),))
        [(_, first), *_] = recommendation(tried_so_often)
        assert words in first
    assert said[1.0][-1][1].startswith("At 2 numbers PCA is as good") and not said[1.0][-1][0]
    assert len(said[0.5]) == 1 and re.search(r"5\d ± \d % below PCA", said[0.5][0][1])


def test_no_share_is_beyond_reading():
    [(_, said), *_] = recommendation(curve((2, 0.05, 1e-17)))
    assert said == "2 numbers, the only size tried: validation error 0.05, PCA 1e-17."


def test_the_validation_split_is_trained_on_when_it_is_not_held_out(build, digits):
    model = build("undercomplete")
    history = train(model, digits, epochs=3, batch_size=8, hold_out=False, reduce_at=[2])
    assert int(model.optimizer.iterations) == 3 * ((len(digits.train) + len(digits.validation)) // 8)
    assert history.best_epoch == 3 and history.reductions == (2,)
    assert not any(key.startswith("val_") for row in history.epochs for key in row)
    assert float(model.optimizer.learning_rate) == pytest.approx(3e-4)


def test_reductions_can_be_repeated(build, digits):
    first = train(build("undercomplete"), digits, epochs=30, learning_rate=0.05, reduce_patience=1)
    assert first.reductions
    again = train(
        build("undercomplete"),
        digits,
        epochs=len(first.epochs),
        learning_rate=0.05,
        reduce_patience=0,
        reduce_at=first.reductions,
    )
    np.testing.assert_allclose(
        [row["val_loss"] for row in again.epochs], [row["val_loss"] for row in first.epochs], rtol=1e-5
    )


def test_a_training_without_a_validation_split_resumes(build, digits, tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 3:
                raise KeyboardInterrupt

    arguments = {"epochs": 6, "hold_out": False, "reduce_at": [2, 5]}
    kept = {**arguments, "folder": tmp_path, "checkpoint_seconds": 0.0}
    keras.utils.set_random_seed(1)
    whole = build("undercomplete")
    train(whole, digits, **arguments)
    with pytest.raises(KeyboardInterrupt):
        train(build("undercomplete"), digits, **kept, callbacks=[Stop()])
    resumed = build("undercomplete")
    history = train(resumed, digits, **kept, resume=True)
    assert len(history.epochs) == 6 and history.reductions == (2, 5)
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_winner_replaces_an_older_one_only_when_it_is_trained(tmp_path, monkeypatch):
    """A run of another recipe that is there already is no sign that this one is trained."""
    trained = []

    def fake(recipe, out, log):
        trained.append(Recipe.read(recipe).network["latent_dim"])
        if len(trained) == 2:
            raise KeyboardInterrupt
        out.mkdir()
        for name in ("recipe.json", "model.keras"):
            (out / name).write_bytes(recipe.read_bytes())

    monkeypatch.setattr(refit_module, "_train", fake)
    (tmp_path / "search").mkdir()
    one, other = Recipe.of(latent_dim=2), Recipe.of(latent_dim=4)
    refit(tmp_path, one)
    with pytest.raises(KeyboardInterrupt):
        refit(tmp_path, other)
    assert Recipe.read(tmp_path / "recipe.json") == one
    for _ in range(2):
        refit(tmp_path, other)
    assert trained == [2, 4, 4]
    assert Recipe.read(tmp_path / "recipe.json") == Recipe.read(tmp_path / "model.keras") == other


@pytest.mark.parametrize("name", ["reconstruction", "error", "probe_accuracy", "auroc", "cost"])
def test_an_objective_is_a_figure_of_a_trial(name, digits):
    two = dataclasses.replace(
        digits,
        **{
            split: Split(digits.split(split).examples, digits.split(split).labels == 1)
            for split in ("train", "validation", "test")
        },
    )
    recipe = Recipe.of(latent_dim=4, train={"epochs": 2})
    model = recipe.build(two)
    aim, found = objective(name, two), judged(model, two, name)[0]
    if name != "reconstruction":
        assert aim.key in found
    assert aim.figure in judged(PCA(4).fit(two), two, name)[0]
    if name == "cost":
        assert found["val_cost"] == pytest.approx(found["val_error"] * model.count_params() ** 0.07)
    if name == "auroc":
        with pytest.raises(ValueError, match="labels of two kinds"):
            objective(name, digits)


def test_the_area_is_that_of_errors_against_the_rarer_label():
    class Zero:
        """Rebuilds nothing: the error of a row is its mean square."""

        latent_dim = 1

        def transform(self, raw):
            return np.zeros((len(raw), 1))

        def decode(self, codes):
            return np.zeros((len(codes), 3))

    size = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    labels = np.array(["usual", "usual", "odd", "usual", "usual", "odd"])
    split = Split(size[:, None] * np.ones(3), labels)
    data = Data("rows", Spec("vector", (3,)), split, split, split)
    # Of the 8 pairs of an odd row and a usual one, 6 are in order.
    assert anomaly_auroc(Zero(), data) == 0.75


@pytest.mark.parametrize("kind", ["array", "table", "stored table", "images"])
def test_joined_splits_have_the_rows_of_both(kind, tmp_path):
    if kind == "images":
        for i in range(20):
            PIL.Image.fromarray(np.full((4, 4), 10 * i, "uint8")).save(tmp_path / f"{i}.png")
        data = load_data(tmp_path)
    elif kind == "array":
        data = load_data("digits")
    else:
        frame = pd.DataFrame({"a": np.arange(40.0), "b": ["x", "y"] * 20, "label": np.arange(40)})
        frame.to_csv(tmp_path / "rows.csv", index=False)
        data = load_data(tmp_path / "rows.csv", labels="label", stream=kind == "stored table")
    data = Recipe.of().prepare(data)
    assert data.streamed == (kind in ("stored table", "images"))
    joined = data.joined()
    both = np.concatenate([data.x("train"), data.x("validation")])
    np.testing.assert_array_equal(joined.x("train"), both)
    if data.train.labels is not None:
        expected = np.concatenate([data.train.labels, data.validation.labels])
        np.testing.assert_array_equal(joined.train.labels, expected)
    batches, steps, _ = joined.training_batches(len(both))
    shown = np.concatenate(list(batches.take(steps).as_numpy_iterator())).reshape(len(both), -1)
    np.testing.assert_array_equal(np.sort(shown, axis=0), np.sort(both.reshape(len(both), -1), axis=0))


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


COMMAND = ["tune", "digits", "--latent-dims", "2,4", "--depths", "1-1", "--epochs", "8", "--trials", "6"]


@pytest.mark.slow
def test_a_search_killed_at_random_moments_goes_on(tmp_path):
    out = tmp_path / "tuned"
    arguments = [sys.executable, "-m", "kerasae", *COMMAND, "--jobs", "2", "--out", str(out)]
    rng = np.random.default_rng(3)
    for _ in range(5):
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(4, 14))
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = subprocess.run(arguments, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"})
    assert done.returncode == 0, done.stderr
    trials = read_trials(out / "search")
    assert [trial.number for trial in trials] == list(range(6))
    assert all(trial.completed for trial in trials)
    assert len({json.dumps(trial.values, sort_keys=True) for trial in trials}) == 6
    assert (out / "model.keras").is_file() and (out / "report.html").is_file()
    evaluated = subprocess.run([*arguments[:3], "evaluate", str(out)], capture_output=True, text=True)
    page = (out / "report.html").read_text()
    assert evaluated.returncode == 0 and "Search: 6 trials" in page and "Error by code size" in page
    # The rows to train on are those of the validation split too.
    assert "1,294 rows to train on, 144 kept for promises about new rows, 359 to test on" in page
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
    other = subprocess.run([*arguments, "--seed", "9"], capture_output=True, text=True)
    assert other.returncode == 2 and "differ in `recipe`" in other.stderr
    assert (out / "tuning.json").read_text() == before
    shutil.rmtree(out)


def test_a_new_chief_leaves_a_trial_to_the_worker_that_is_at_it(digits, tmp_path):
    place = tmp_path / "search"
    first = SpreadOracle.of(settings(4), digits, place, lives=lambda worker: 1.0)
    mine, own = first.create_trial("host-a"), first.create_trial("local-1-0")
    # A chief that was killed; its own workers ended with it, that of another host goes on.
    second = SpreadOracle.of(settings(4), digits, place, lives=lambda worker: 1.0)
    second.reload()
    assert second.create_trial("host-b").trial_id == own.trial_id
    assert second.create_trial("host-a").trial_id == mine.trial_id
    assert second.create_trial("host-c").trial_id not in (own.trial_id, mine.trial_id)
    # One that shows no sign of life is given up.
    third = SpreadOracle.of(settings(4), digits, place, lives=lambda worker: 0.0)
    third.reload()
    assert third.create_trial("host-d").trial_id == mine.trial_id
    fourth = SpreadOracle.of(settings(4), digits, place, lives=lambda worker: 1.0, stale_seconds=0.0)
    fourth.reload()
    time.sleep(0.01)
    fourth.release_lost()
    assert not fourth.ongoing_trials


def test_a_chief_refuses_the_worker_of_another_folder(digits, tmp_path):
    oracle = SpreadOracle.of(settings(4), digits, tmp_path / "search", suffix="-of-a")
    assert oracle.create_trial("host-1-of-a").status == "RUNNING"
    with pytest.raises(ValueError, match="received one with another --out"):
        oracle.create_trial("host-1-of-b")
    assert len(oracle.trials) == 1


def test_figures_that_did_not_arrive_are_asked_for_again(digits, tmp_path):
    oracle = SpreadOracle.of(settings(1), digits, tmp_path / "search")
    trial = oracle.create_trial("a")
    # As it comes over the wire.
    report = copy.copy(trial)
    report.status = "COMPLETED"
    oracle.end_trial(report)
    assert not oracle.end_order
    again = oracle.create_trial("b")
    assert again.trial_id == trial.trial_id
    # Those that arrived before a new chief took over count.
    oracle.update_trial(again.trial_id, {"val_reconstruction": 2.0})
    other = SpreadOracle.of(settings(1), digits, tmp_path / "search", lives=lambda worker: 1.0)
    other.reload()
    other.end_trial(report)
    assert other.trials[again.trial_id].score == 2.0


def test_a_trial_that_another_worker_took_is_not_reported(digits, tmp_path, monkeypatch):
    """A worker that was quiet for long is given up; what it left is taken, and it learns of that."""
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "slow")
    quick = settings(2)
    tuner = TrialTuner(quick, tmp_path)
    place = tmp_path / "search" / "trial_0"
    (place / f"{UNFINISHED}lost").mkdir(parents=True)
    (place / f"{UNFINISHED}lost" / "here").touch()
    assert [path.name for path in tuner.take(place).iterdir()] == ["here"]
    assert not (place / f"{UNFINISHED}lost").exists()
    reported = []
    monkeypatch.setattr(tuner.oracle, "end_trial", reported.append)
    trial = SpreadOracle.of(quick, digits, tmp_path / "search").create_trial("slow")

    def taken(*_, **__):
        (place / f"{UNFINISHED}slow").rename(place / f"{UNFINISHED}other")
        raise FileNotFoundError("no checkpoint")

    monkeypatch.setattr(tuner.hypermodel, "run", taken)
    with pytest.raises(FailedTrialError, match="taken by another"):
        tuner.run_trial(trial)
    tuner.on_trial_end(trial)
    assert not reported and not (place / "result.json").exists()
    # The next one is its own again.
    tuner.on_trial_end(trial)
    assert reported == [trial]


@pytest.mark.parametrize("name", ["tuning.json", "search/trial_0/trial.json", "search/trial_0/rows.npz"])
def test_a_damaged_search_is_refused_in_one_line(name, digits, tmp_path):
    quick = settings(1)
    quick.save(tmp_path / "tuning.json")
    SpreadOracle.of(quick, digits, tmp_path / "search").create_trial("one")
    [trial] = read_trials(tmp_path / "search")
    rows = {"val_error": RowSums(np.arange(50.0), np.ones(50))}
    write_rows(tmp_path / "search" / "trial_0", rows)
    path, draw, refused = tmp_path / name, random.Random(0), 0
    content = path.read_bytes()
    for _ in range(100):
        changed = bytearray(content)
        changed[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(changed)
        try:
            Settings.read(tmp_path / "tuning.json")
            read_trials(tmp_path / "search")
            found = read_rows(tmp_path / "search", trial)
        except (ValueError, TypeError) as error:
            assert "\n" not in str(error)
            refused += 1
        else:
            assert name != "search/trial_0/rows.npz" or found["val_error"].value == rows["val_error"].value
    assert refused > 20


@pytest.mark.slow
def test_a_full_disk_is_no_fault_of_a_trial(digits, tmp_path, monkeypatch):
    """It has failed for good otherwise, and the same command would not run it again."""
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "one")
    quick = settings(1)
    tuner = TrialTuner(quick, tmp_path)
    trial = SpreadOracle.of(quick, digits, tmp_path / "search").create_trial("one")
    place, run = tmp_path / "search" / "trial_0", tuner.hypermodel.run

    class Full(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                with pathlib.Path("/dev/full").open("w") as file:
                    file.write("x")

    def until_full(*arguments, **more):
        return run(*arguments, **{**more, "callbacks": [Full()], "checkpoint_seconds": 0.0})

    monkeypatch.setattr(tuner.hypermodel, "run", until_full)
    with pytest.raises(FatalError, match="No space left"):
        tuner.run_trial(trial)
    assert not (place / "result.json").exists()
    assert json.loads((place / f"{UNFINISHED}one" / "checkpoint" / "state.json").read_text())["epoch"] == 2
    # A damaged checkpoint is no fault of the trial either.
    (place / f"{UNFINISHED}one" / "checkpoint" / "2.npz").write_bytes(b"")
    monkeypatch.setattr(tuner.hypermodel, "run", run)
    figures = tuner.run_trial(trial)
    assert figures["val_error"] > 0 and (place / "result.json").is_file() and (place / "rows.npz").is_file()


def test_a_worker_asks_again_until_its_patience_ends(tmp_path):
    import grpc

    class Down(grpc.RpcError):
        def code(self):
            return grpc.StatusCode.UNAVAILABLE

        def details(self):
            return "down"

    class Client:
        answers = 2

        def end_trial(self, trial):
            self.answers -= 1
            if self.answers:
                raise Down
            return trial

    assert PatientClient(Client(), tmp_path, "h:1", 60.0).end_trial(7) == 7
    with pytest.raises(ChiefGoneError, match="Expected a chief at h:1, received no answer"):
        PatientClient(Client(), tmp_path, "h:1", 0.0).end_trial(7)


@pytest.mark.slow
def test_a_worker_without_a_chief_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"found no tuning.json"):
        work(tmp_path, "127.0.0.1:9", patience=0.1)
    settings().save(tmp_path / "tuning.json")
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "id").write_text("a")
    with pytest.raises(ConnectionError, match="Expected a chief at"):
        work(tmp_path, "127.0.0.1:9", patience=1.0)
    # Where all trials have ended the chief is not missed, but it may be about to go on.
    (tmp_path / "search" / "ended").touch()
    work(tmp_path, "127.0.0.1:9", patience=1.0)


def _running(out):
    """Numbers of the trials that are running, by worker."""
    stored = [json.loads(path.read_text()) for path in out.glob("search/trial_*/trial.json")]
    return {one["worker"]: one["trial_id"] for one in stored if one["status"] == "RUNNING"}


def _wait(condition, seconds=120):
    for _ in range(seconds * 10):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come to pass")


@pytest.mark.slow
def test_a_chief_and_workers_on_a_network_with_one_of_each_killed(tmp_path):
    """Real processes over gRPC: a worker is killed in a trial, then the chief; each trial counts once."""
    out = tmp_path / "tuned"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    program = [sys.executable, "-m", "kerasae"]
    long = ["--epochs", "400", "--set", "train.patience=400", "--out", str(out)]
    chief = [*program, *COMMAND[:6], *long, "--trials", "5", "--chief", address]
    by_variable = {
        "KERASTUNER_TUNER_ID": "two",
        "KERASTUNER_ORACLE_IP": "127.0.0.1",
        "KERASTUNER_ORACLE_PORT": address.split(":")[1],
    }
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # Workers may be there first.
    one = subprocess.Popen([*program, "tune", "--worker", "--chief", address, "--out", str(out)], **quiet)
    two = subprocess.Popen(
        [*program, "tune", "digits", "--out", str(out), "--jobs", "1"],
        env={**os.environ, **by_variable},
        **quiet,
    )
    leading = subprocess.Popen(chief, **quiet)
    try:
        _wait(lambda: len(_running(out)) >= 2)
        (lost,) = [number for name, number in _running(out).items() if not name.startswith("host-two")][:1]
        one.kill()
        one.wait()
        _wait(lambda: any(trial.completed for trial in read_trials(out / "search")))
        leading.kill()
        leading.wait()
        done = subprocess.run([*chief, "--json"], capture_output=True, text=True, timeout=400)
        assert two.wait(60) == 0
    finally:
        for process in (one, two, leading):
            process.kill()
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [trial["number"] for trial in found["trials"]] == list(range(5))
    assert all(trial["status"] == "COMPLETED" for trial in found["trials"])
    assert len({json.dumps(trial["values"], sort_keys=True) for trial in found["trials"]}) == 5
    stored = {
        json.loads(path.read_text())["trial_id"]: path for path in out.glob("search/trial_*/trial.json")
    }
    assert len(stored) == 5
    # By the one that was left.
    assert json.loads(stored[lost].with_name("result.json").read_text())["worker"].startswith("host-two")
    assert done.stderr.count("reconstruction") == 5


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
