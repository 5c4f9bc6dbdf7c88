"""The winner and its objective: trained on all rows, the same each time."""

import dataclasses
import importlib
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import PIL.Image
import pytest
from kerasae.tuning import (
    objective,
)
from kerasae.tuning import refit as refit_module
from kerasae.tuning.objectives import judged
from kerasae.tuning.refit import refit
from searches import settings

from kerasae import PCA, Recipe, load_data, train
from kerasae.data import Data, Split
from kerasae.metrics.detection import anomaly_auroc
from kerasae.spec import Spec


def test_the_validation_split_is_trained_on_when_it_is_not_held_out(build, digits):
    model = build("undercomplete")
    history = train(model, digits, epochs=3, batch_size=8, hold_out=False, reduce_at=[2])
    assert int(model.optimizer.iterations) == 3 * ((len(digits.train) + len(digits.validation)) // 8)
    assert history.best_epoch == 3 and history.reductions == (2,)
    assert not any(key.startswith("val_") for row in history.epochs for key in row)
    assert float(model.optimizer.learning_rate) == pytest.approx(3e-4)


@pytest.mark.slow
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


def test_a_second_command_leaves_the_training_of_the_winner_alone(tmp_path, monkeypatch):
    module, out = importlib.import_module("kerasae.workflows.tuning"), tmp_path / "tuned"
    (out / "search" / "trial_1").mkdir(parents=True)
    monkeypatch.setattr(module, "_check_same", lambda *_: None)
    monkeypatch.setattr(module, "search", lambda *_, **__: [])
    curve = SimpleNamespace(recommended=lambda: 2)
    monkeypatch.setattr(module, "trade_off", lambda *_, **__: curve)
    monkeypatch.setattr(module, "best_of", lambda *_: "best")
    monkeypatch.setattr(module, "winning_recipe", lambda *_: None)
    begun = []

    def training(*_):
        begun.append(1)
        if len(begun) == 1:
            with pytest.raises(FileExistsError, match="that no other command writes, received"):
                module.tune(settings(1), out)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "refit", training)
    with pytest.raises(KeyboardInterrupt):
        module.tune(settings(1), out)
    assert begun == [1]


def test_the_winner_replaces_an_older_one_only_when_it_is_trained(tmp_path, monkeypatch):
    """A run of another recipe that is there already is no sign that this one is trained."""
    trained = []

    def fake(recipe, out, data, log):
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
