"""train: what it does beside what Keras does."""

import keras
import pytest

from kerasae import train


@pytest.mark.parametrize(
    ("batch_size", "steps_per_execution", "steps"),
    [
        (8, None, 161),
        (4, None, 322),  # 323 batches in two equal calls
        (8, 64, 128),
        (8, 1, 161),
        (8, 1000, 161),
    ],
)
def test_an_epoch_has_the_steps_that_it_says(build, digits, batch_size, steps_per_execution, steps):
    # Keras runs every call to its end: 161 steps in calls of 64 would be 192.
    model = build("undercomplete")
    train(model, digits, epochs=2, batch_size=batch_size, steps_per_execution=steps_per_execution)
    assert int(model.optimizer.iterations) == 2 * steps


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

    model = build("undercomplete")
    history = train(
        model, digits, epochs=50, learning_rate=50.0, patience=5, reduce_patience=2, callbacks=[Watch()]
    )
    assert len(history.epochs) == history.best_epoch + 5 < 50
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
    ],
)
def test_numbers_out_of_range_are_refused(build, digits, wrong, words):
    with pytest.raises(ValueError, match=words):
        train(build("undercomplete"), digits, **wrong)
