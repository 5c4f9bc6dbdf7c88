"""Checks of arguments: what is at the edge passes, what is beyond it is named."""

import math

import pytest

from kerasae.applications._arguments import (
    check_at_least,
    check_between,
    check_choices,
    check_counts,
    check_positive,
    check_shares,
)


def test_what_is_at_the_edge_passes():
    check_counts(most=1, clusters=None)
    check_positive(weight=1e-300, step=None)
    check_at_least(2, samples=2, other=None)
    check_between(1, 16, bits=1, other=16, third=None)
    check_shares(interval=0.999, hidden=None)
    check_choices(("csv", "parquet"), file="csv", other=None)


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (lambda: check_counts(k=1, most=0), "`most` must be positive, received 0."),
        (lambda: check_counts(most=math.nan), "`most` must be positive, received nan."),
        (lambda: check_positive(weight=0.0), "`weight` must be positive, received 0.0."),
        (lambda: check_positive(step=math.inf), "`step` must be positive, received inf."),
        (lambda: check_positive(step=math.nan), "`step` must be positive, received nan."),
        (lambda: check_at_least(2, samples=1), "`samples` must be at least 2, received 1."),
        (lambda: check_between(1, 16, bits=17), "`bits` must be between 1 and 16, received 17."),
        (lambda: check_between(1, 16, bits=0), "`bits` must be between 1 and 16, received 0."),
        (lambda: check_shares(interval=1.0), "`interval` must be in (0, 1), received 1.0."),
        (lambda: check_shares(interval=0), "`interval` must be in (0, 1), received 0."),
        (lambda: check_choices(("a", "b"), path="c"), "`path` must be one of a, b, received 'c'."),
    ],
)
def test_what_is_beyond_the_edge_is_named(check, words):
    with pytest.raises(ValueError) as caught:
        check()
    assert str(caught.value) == words
