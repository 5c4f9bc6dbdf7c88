"""train: what it does beside what Keras does."""

import keras
import numpy as np
import pytest

from kerasae import Recipe, train
from kerasae.data import array_spec, make_data
from kerasae.training import retrained


@pytest.mark.parametrize(
    ("batch_size", "steps_per_execution", "steps"),
    [
        (8, None, 143),
        (4, None, 286),  # 287 batches in two equal calls
        (8, 64, 128),
        (8, 1, 143),
        (8, 1000, 143),
    ],
)
def test_an_epoch_has_the_steps_that_it_says(build, digits, batch_size, steps_per_execution, steps):
    # Keras runs every call to its end: 143 steps in calls of 64 would be 192.
    model = build("undercomplete")
    train(model, digits, epochs=2, batch_size=batch_size, steps_per_execution=steps_per_execution)
    assert int(model.optimizer.iterations) == 2 * steps


def test_the_step_is_traced_once(build, digits):
    # Variables that the first step creates would make TensorFlow trace it twice, half of the start of a fit.
    model = build("denoising")
    step, traces = model.train_step, []

    def counted(data):
        traces.append(data)
        return step(data)

    model.train_step = counted
    train(model, digits, epochs=2)
    assert len(traces) == 1


def test_the_best_weights_are_kept(build, digits):
    class Spoil(keras.callbacks.Callback):
        """Ruins the weights before the last epoch."""

        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 3:
                self.model.set_weights([3.0 * w for w in self.model.get_weights()])

    model = build("undercomplete")
    history = train(model, digits, epochs=4, callbacks=[Spoil()])
    losses = [row["val_loss"] for row in history.epochs]
    assert history.best_epoch == 3 and losses[3] > losses[2]
    found = model.evaluate(digits.x("validation"), batch_size=len(digits.validation), verbose=0)
    found = found if isinstance(found, float) else found[0]
    assert found == pytest.approx(losses[2], rel=1e-5)


def test_the_learning_rate_falls_and_training_ends_without_improvement(build, digits):
    rates = []

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            rates.append(float(self.model.optimizer.learning_rate))

    # No float32 weight moves by 1e-12, so that no epoch improves on the first.
    model = build("undercomplete")
    history = train(
        model, digits, epochs=50, learning_rate=1e-12, patience=5, reduce_patience=2, callbacks=[Watch()]
    )
    assert history.best_epoch == 1
    assert len(history.epochs) == 6
    assert rates[-1] < rates[0]


def test_a_loss_that_is_not_finite_ends_the_training(build, digits):
    with pytest.raises(FloatingPointError, match="--learning-rate"):
        train(build("undercomplete"), digits, epochs=5, optimizer="sgd", learning_rate=1e30)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"epochs": 0}, "`epochs` must be a positive"),
        ({"steps_per_execution": 0}, "`steps_per_execution` must be a positive"),
        ({"weight_decay": -1.0}, "`weight_decay` must be non-negative"),
        ({"reduce_factor": 1.0}, r"`reduce_factor` must be in \(0, 1\)"),
        ({"learning_rate": 0.0}, "`learning_rate` must be positive"),
        ({"clip_norm": 0.0}, "`clip_norm` must be positive"),
        ({"optimizer": "adan"}, "adam"),
        ({"steps": 0}, "`steps` must be a positive"),
        ({"tensorboard": True}, "`tensorboard` needs a `folder`"),
        ({"resume": True}, "`resume` needs a `folder`"),
        ({"schedule": "cosinus"}, "`schedule` must be 'plateau' or 'cosine'"),
        ({"schedule": "cosine", "reduce_at": [3]}, "`reduce_at` needs the schedule 'plateau'"),
    ],
)
def test_numbers_out_of_range_are_refused(build, digits, wrong, words):
    with pytest.raises(ValueError, match=words):
        train(build("undercomplete"), digits, **wrong)


@pytest.mark.parametrize(("batch_size", "steps", "epochs", "each"), [(1150, 130, 44, 3), (128, 300, 38, 8)])
def test_steps_are_cut_into_epochs_of_whole_passes(build, digits, batch_size, steps, epochs, each):
    """1,150 rows: one step a pass, or eight; 130 steps are 44 epochs of three passes, the last one whole."""
    assert len(digits.train) == 1150
    model = build("undercomplete")
    history = train(model, digits, steps=steps, batch_size=batch_size, patience=1000, learning_rate=1e-4)
    assert len(history.epochs) == epochs
    assert int(model.optimizer.iterations) == epochs * each


@pytest.mark.parametrize(("steps_per_execution", "epochs", "each"), [(5, 20, 5), (8, 13, 8), (100, 13, 8)])
def test_steps_are_as_many_where_a_pass_has_whole_calls_alone(
    build, digits, steps_per_execution, epochs, each
):
    """1,150 rows are eight batches, of which calls of five leave out three."""
    model = build("undercomplete")
    settings = {"steps_per_execution": steps_per_execution, "patience": 1000, "learning_rate": 1e-4}
    history = train(model, digits, steps=100, batch_size=128, **settings)
    assert len(history.epochs) == epochs
    assert int(model.optimizer.iterations) == epochs * each


def test_a_cosine_ends_at_zero_and_runs_all_epochs(build, digits):
    rates = []

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            rates.append(float(self.model.optimizer.learning_rate))

    history = train(
        build("undercomplete"),
        digits,
        epochs=8,
        learning_rate=0.02,
        schedule="cosine",
        patience=1,
        callbacks=[Watch()],
    )
    assert len(history.epochs) == 8
    expected = 0.01 * (1 + np.cos(np.pi * np.arange(1, 9) / 8))
    np.testing.assert_allclose(rates, expected, rtol=1e-3, atol=1e-6)
    assert not history.reductions


def test_a_cosine_counts_every_step_that_gradients_are_gathered_over(build, digits):
    """Keras asks the schedule at each step, not at each update."""
    model = build("undercomplete")
    train(model, digits, epochs=4, schedule="cosine", learning_rate=0.02, gradient_accumulation=4)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.0, abs=1e-6)
    halfway = model.optimizer._learning_rate(int(model.optimizer.iterations) * 4 // 2)
    assert float(halfway) == pytest.approx(0.01, rel=0.05)


@pytest.mark.parametrize("steps", [None, 30])
def test_a_training_by_steps_resumes_to_the_same_weights(build, digits, tmp_path, steps):
    arguments = {"batch_size": 512, "schedule": "cosine", "epochs": 8, "steps": steps}

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 3:
                raise KeyboardInterrupt

    whole = build("denoising")
    train(whole, digits, **arguments)
    broken = build("denoising")
    with pytest.raises(KeyboardInterrupt):
        train(broken, digits, **arguments, folder=tmp_path, checkpoint_seconds=0, callbacks=[Stop()])
    resumed = build("denoising")
    train(resumed, digits, **arguments, folder=tmp_path, resume=True)
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_the_worst_of_a_batch_teach_nothing(build, x):
    """With `trim` the step is that of a batch without its worst rows, to rounding."""
    batch = x[:100].copy()
    batch[::10] = 5.0
    clean = np.delete(batch, np.arange(0, 100, 10), axis=0)
    steps = {}
    for name, rows, trim in (("trimmed", batch, 0.1), ("clean", clean, 0.0), ("all", batch, 0.0)):
        model = build("undercomplete", model={"trim": trim})
        model.compile(keras.optimizers.SGD(0.01))
        before = model.get_weights()
        logs = model.train_on_batch(rows, return_dict=True)
        steps[name] = [b - a for a, b in zip(before, model.get_weights(), strict=True)], logs
    for one, other in zip(steps["trimmed"][0], steps["clean"][0], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert steps["trimmed"][1]["reconstruction"] == pytest.approx(
        steps["clean"][1]["reconstruction"], rel=1e-5
    )
    assert steps["all"][1]["reconstruction"] > 2 * steps["clean"][1]["reconstruction"]


def test_validation_is_not_trimmed(build, digits, x):
    trimmed, plain = (build("undercomplete", model={"trim": trim}) for trim in (0.5, 0.0))
    plain.set_weights(trimmed.get_weights())
    losses = [model.evaluate(x[:200], verbose=0, return_dict=True)["loss"] for model in (trimmed, plain)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


@pytest.mark.parametrize("trim", [1.0, -0.1, True, "0.1"])
def test_a_share_to_trim_that_is_none(build, trim):
    with pytest.raises((ValueError, TypeError), match="trim"):
        build("undercomplete", model={"trim": trim})


def test_a_training_by_steps_is_repeated_with_as_many_steps():
    """Its epochs have several passes over the rows, and those of the repeat have one."""
    x = np.random.default_rng(0).normal(size=(60, 4)).astype("float32")
    data = make_data("rows", array_spec(x), x)
    data = Recipe.of().prepare(data)
    model = Recipe.of("undercomplete", latent_dim=2, network={"widths": [8]}).build(data)
    history = train(model, data, steps=400, batch_size=20)
    batches = len(data.train) // 20
    passes = round(400 / 50 / batches)
    assert passes > 1 and model.trained_with["steps"] is None
    assert model.trained_with["epochs"] == history.best_epoch * passes
    assert model.trained_with["reduce_at"] == [epoch * passes for epoch in history.reductions]
    again = retrained(model, data)
    assert int(again.trained_with["epochs"]) == history.best_epoch * passes
