"""A training that goes on from the weights of a run, or of an earlier fit of an estimator."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kerasae import Recipe
from kerasae.runs import Run, Unfinished, run_recipe
from kerasae.sklearn import AutoencoderDetector, AutoencoderTransformer, _base
from kerasae.training import train
from kerasae.workflows import continued


def frame(rows, seed, colours=("red", "green")):
    random = np.random.default_rng(seed)
    base = random.normal(size=(rows, 2)) @ np.random.default_rng(99).normal(size=(2, 3))
    values = pd.DataFrame(base + 0.1 * random.normal(size=base.shape), columns=[*"abc"])
    return values.assign(colour=random.choice(colours, rows)).round(4)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a run and files of new rows."""
    home = tmp_path_factory.mktemp("home")
    frame(200, 0).to_csv(home / "rows.csv", index=False)
    new = 10 * frame(150, 1).select_dtypes("number") + 3
    new.assign(colour=frame(150, 1, ("green", "blue"))["colour"])[["colour", "c", "a", "b"]].to_csv(
        home / "new.csv", index=False
    )
    before = Path.cwd()
    os.chdir(home)
    try:
        run_recipe(Recipe.of(source="rows.csv", latent_dim=2, train={"epochs": 2}), "run")
    finally:
        os.chdir(before)
    return home


def weights(model):
    return np.concatenate([weight.numpy().ravel() for weight in model.trainable_variables])


@pytest.mark.slow
def test_it_begins_with_the_weights_and_keeps_the_preprocessing(home):
    recipe = continued("run", "new.csv", {"train.epochs": 1, "train.learning_rate": 1e-12})
    again = run_recipe(recipe, "again")
    first = Run.open("run")
    np.testing.assert_allclose(weights(again.model), weights(first.model), atol=1e-7)
    assert again.model.preprocessor.get_config() == first.model.preprocessor.get_config()
    assert again.data.rows["test"] == 30
    # Columns are found by name, and a category that is new has the code of unknown ones.
    raw = again.data.train.examples
    assert (raw["colour"] == "blue").any()
    assert (again.data.to_x(raw)[(raw["colour"] == "blue").to_numpy(), 3] == 0).all()
    run_recipe(continued("run", "new.csv", {"train.epochs": 3}), "trained")
    assert np.abs(weights(Run.open("trained").model) - weights(first.model)).max() > 1e-3


@pytest.mark.slow
def test_the_new_run_does_not_need_the_earlier_one(home):
    run_recipe(continued("run", "new.csv", {"train.epochs": 1}), "again")
    Path("run").rename("gone")
    run = Run.open("again")
    np.testing.assert_array_equal(run.data.x("test"), run.model.preprocessor.to_x(run.data.test.examples))
    assert run.data.spec == run.model.spec


@pytest.mark.slow
def test_an_interrupted_one_is_resumed_from_the_same_run(home):
    recipe = continued("run", "new.csv", {"train.epochs": 1})
    Path("half").mkdir()
    unfinished = Unfinished("half")
    unfinished.write(recipe, None)
    assert Unfinished("half").recipe.start == str((home / "run").resolve())
    recipe.save(home / "recipe.json")
    assert Recipe.read("recipe.json") == recipe
    assert json.loads((home / "recipe.json").read_text())["start"] == recipe.start
    assert "start" not in Recipe.of().to_dict()


@pytest.mark.slow
def test_what_does_not_fit_is_one_line(home, kerasae):
    for arguments, words in (
        (("new.csv", "--from", "run", "--latent-dim", "3"), "received network.latent_dim"),
        (("new.csv", "--from", "none"), "none"),
        (("new.csv", "--from", "run", "--preset", "detector"), "--preset"),
        (("digits", "--from", "run"), "Expected examples like those of the training"),
    ):
        status, _, err = kerasae("train", *arguments, "--out", "again")
        assert status == 2 and words in err, err
        assert not Path("again").exists()
    recipe = continued("run", "new.csv").override({"network.latent_dim": 3})
    with pytest.raises(ValueError, match=r"`network.latent_dim` as in .*run, 2"):
        run_recipe(recipe, "again")


@pytest.mark.slow
def test_a_file_that_has_grown_is_warned_of(home, kerasae):
    more = pd.concat([pd.read_csv("rows.csv"), frame(40, 5)])
    more.to_csv("grown.csv", index=False)
    status, _, err = kerasae("train", "grown.csv", "--from", "run", "--epochs", "1", "--out", "again")
    assert status == 0 and "begins with the rows of the earlier training" in " ".join(err.split())
    assert "its weights, scalings" in err


@pytest.mark.slow
def test_partial_fit_goes_on():
    random = np.random.default_rng(0)
    first, second = random.normal(size=(60, 4)), random.normal(3.0, size=(60, 4))
    estimator = AutoencoderTransformer(2, epochs=20).fit(first)
    scaling = estimator.model_.preprocessor.get_config()
    before = weights(estimator.model_)
    estimator.partial_fit(second)
    assert estimator.model_.preprocessor.get_config() == scaling
    # One step of a learning rate of 0.001, on rows that the first scaling puts 3 deviations away in each of
    # 4 columns.
    assert 0 < np.abs(weights(estimator.model_) - before).max() < 0.002
    assert estimator.history_.epochs[0]["reconstruction"] > 20
    with pytest.raises(ValueError, match="features"):
        estimator.partial_fit(first[:, :3])


@pytest.mark.slow
def test_ten_parts_are_seen_once_each(monkeypatch):
    """Each row is trained on once or held out for the threshold, never both, also if it comes again."""
    rows = np.random.default_rng(0).normal(size=(1000, 6)).astype("float32")
    passes = []

    def counted(model, data, **settings):
        history = train(model, data, **settings)
        steps = int(model.optimizer.iterations.numpy())
        assert len(history.epochs) == 1 and steps == -(-len(data.train) // 24)
        # Batches of 24 would leave 8 of 80 rows out.
        assert steps * settings["batch_size"] == {80: 80, 40: 40}[len(data.train)]
        passes.append((data.train.examples, data.calibration.examples))
        return history

    monkeypatch.setattr(_base, "train", counted)
    detector = AutoencoderDetector(settings={"train.batch_size": 24}, random_state=None)
    for part in np.split(rows, 10):
        detector.partial_fit(part)
    seen, held_out = (np.concatenate(side) for side in zip(*passes, strict=True))
    assert len(seen) == 800 and len(held_out) == 200
    together = np.concatenate([seen, held_out])
    np.testing.assert_array_equal(np.unique(together, axis=0), np.unique(rows, axis=0))
    # 5 % of the 20 rows that were held out of the last call.
    scores = detector.detector_.score_samples(passes[-1][1])
    assert (scores > -detector.offset_).sum() == 1
    detector.partial_fit(rows[900:])
    np.testing.assert_array_equal(passes[-1][1], passes[-2][1])
    with pytest.warns(UserWarning, match="at least 19 held-out rows"):
        detector.partial_fit(rows[:50])


@pytest.mark.slow
def test_a_detector_that_goes_on_has_a_threshold_for_the_new_rows():
    random = np.random.default_rng(0)
    first, second = random.normal(size=(300, 4)), random.normal(2.0, size=(300, 4))
    detector = AutoencoderDetector(epochs=20, contamination=0.1).fit(first)
    assert (detector.predict(second) == -1).mean() > 0.5
    detector.partial_fit(second)
    fresh = random.normal(2.0, size=(2000, 4))
    # 60 calibration rows: the share of new rows is 0.1 with a standard deviation of 0.04.
    assert 0.01 < (detector.predict(fresh) == -1).mean() < 0.25


def test_partial_fit_after_a_closed_form_does_not_forget():
    closed = {"network.name": "dense", "network.depth": 0, "loss.name": "squared_error"}
    closed["train.solver"] = "closed_form"
    rows = np.random.default_rng(0).normal(size=(300, 6)) @ np.random.default_rng(1).normal(size=(6, 6))
    transformer = AutoencoderTransformer(2, settings=closed).fit(rows)
    assert transformer.model_.trained_with == {"solver": "closed_form"}
    before = weights(transformer.model_)
    transformer.partial_fit(-rows[:50] * [1, 0, 0, 0, 0, 0])
    assert "solver" not in transformer.model_.trained_with
    # A pass of a step or two at a learning rate of 0.001.
    assert 0 < np.abs(weights(transformer.model_) - before).max() < 0.01


def test_it_goes_on_from_a_closed_form_by_the_gradient(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sections = {"network": {"name": "dense", "depth": 0}, "loss": {"name": "squared_error"}}
    run_recipe(Recipe.of(**sections, train={"solver": "closed_form"}), "run")
    recipe = continued("run", settings={"train.epochs": 1, "train.learning_rate": 1e-12})
    assert "solver" not in recipe.train
    again = run_recipe(recipe, "again")
    np.testing.assert_allclose(weights(again.model), weights(Run.open("run").model), atol=1e-7)
    solved = continued("run", settings={"train.solver": "closed_form"})
    with pytest.raises(ValueError, match="'gradient' for a training that begins with the weights of a run"):
        run_recipe(solved, "third")
    assert not Path("third").exists()
