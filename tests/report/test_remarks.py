"""Sentences on short trainings, unused codes and few test rows."""

import re

import numpy as np
import pytest

from kerasae.metrics import Entry
from kerasae.report.remarks import remarks


def entry(*figures, epochs=20, size=8):
    """An entry with figures of each seed, and a history of so many epochs of each."""
    seeds = [{"latent_dim": size, "seed": seed, **one} for seed, one in enumerate(figures)]
    histories = [[{"val_loss": 1.0}] * epochs for _ in figures]
    return Entry("model", seeds, histories, np.zeros((1, size)), None)


def test_nothing_is_said_where_all_is_well():
    baseline = Entry("pca", [{"latent_dim": 8}], [], np.zeros((1, 8)), None, baseline=True)
    well = entry({"still_falling": False, "collapsed_units": 4, "dead_units": 4})
    assert remarks([baseline, well, entry({})], 10) == []


def test_few_test_rows_are_named():
    (said,) = remarks([], 9)
    assert "expected at least 10 test rows, received 9;" in said


def test_a_training_that_was_too_short_is_named_with_a_longer_one():
    (said,) = remarks([entry({"still_falling": True})], 10)
    assert said == (
        "model: the validation loss was still falling when the 20 epochs were over; allow more, such as "
        "--epochs 40."
    )
    (said,) = remarks([entry({"still_falling": True}, {"still_falling": False})], 10)
    assert "were over for 1 of 2 seeds;" in said


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"collapsed_units": 8}, "the code carries nothing: all 8 numbers collapsed to the prior; lower"),
        ({"collapsed_units": 5}, "5 of the 8 numbers of a code have collapsed .*; --latent-dim 3 keeps"),
        ({"dead_units": 5}, "5 of the 8 units of the code are active on no held-out row; --latent-dim 3 "),
        ({"dead_units": 8}, "no unit of the code is active on any held-out row; take a weaker penalty"),
    ],
)
def test_a_code_of_which_most_is_unused_is_named_with_a_remedy(figures, words):
    (said,) = remarks([entry(figures)], 10)
    assert re.match(f"model: {words}", said)
    (several,) = remarks([entry(dict.fromkeys(figures, 0), figures)], 10)
    assert "with seed 1" in several
