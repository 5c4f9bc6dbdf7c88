"""Whether a training was still getting better when its epochs ran out."""

import numpy as np
import pytest

from kerasae import Recipe
from kerasae.training import still_falling


def settings(epochs, **changed):
    return {**Recipe.of(train={"epochs": epochs, **changed}).complete().train}


def history(losses):
    return [{"loss": 1.0, "val_loss": float(loss)} for loss in losses]


STEPS = np.arange(1, 101)


def test_a_loss_that_falls_to_the_last_epoch_is_named():
    short = history(STEPS[:20] ** -0.5)
    assert still_falling(short, settings(20))
    # Two epochs bring 1.5 % of the whole fall of 0.776.
    assert not still_falling(short[:1], settings(1))
    assert still_falling(short[:2], settings(2))
    # Losses below 0, as those of a density, are no other.
    lower = history(STEPS[:20] ** -0.5 - 5)
    assert still_falling(lower, settings(20))


@pytest.mark.parametrize(
    "losses",
    [
        np.exp(-STEPS / 8),  # over
        np.where(STEPS < 100, np.linspace(2, 1, 100), 1.05),  # the last epoch is not the best
        np.where(STEPS < 100, 1 / STEPS**2, 0.0),  # noise at the end
        np.full(100, 2.0),
    ],
)
def test_a_loss_that_has_fallen_is_not(losses):
    assert not still_falling(history(losses), settings(100))


@pytest.mark.parametrize(
    "changed",
    [{"steps": 500}, {"schedule": "cosine"}, {"hold_out": False}, {"solver": "closed_form"}],
)
def test_a_length_chosen_in_advance_is_not_judged(changed):
    line = history(np.linspace(2, 1, 100))
    assert still_falling(line, settings(100))
    assert not still_falling(line, settings(100, **changed))
    # Early stopping ended it, or it has no validation loss.
    assert not still_falling(line, settings(101))
    assert not still_falling([{"loss": one["loss"]} for one in line], settings(100))
