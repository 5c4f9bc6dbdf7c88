"""What each test row adds to a figure, and how sure the difference of two codecs on these rows is."""

import dataclasses
from collections.abc import Sequence

import numpy as np

#: Standard errors from 0 within which a difference may be chance: about 95 % of those that are.
_ENOUGH = 2.0


@dataclasses.dataclass(frozen=True)
class RowSums:
    """A figure that is a ratio of two sums over the rows, such as an error per feature.

    Args:
        totals: What each row adds to the numerator, `(rows,)`: its squared error, for example.
        counts: What each row adds to the denominator, `(rows,)`: its features that are not missing.
    """

    totals: np.ndarray
    counts: np.ndarray

    @property
    def value(self) -> float | None:
        """The figure; `None` where nothing was counted."""
        count = self.counts.sum()
        return float(self.totals.sum() / count) if count else None


@dataclasses.dataclass(frozen=True)
class Difference:
    """The difference of a figure between two codecs on the same rows.

    Args:
        value: Figure of the first less figure of the second.
        error: Standard error of it, over rows like these and over seeds; infinite for a single row.
    """

    value: float
    error: float

    @property
    def shown(self) -> bool:
        """Whether the difference is more than two standard errors from 0."""
        return abs(self.value) > _ENOUGH * self.error


def difference(ours: Sequence[RowSums], theirs: Sequence[RowSums]) -> Difference:
    """Compare two codecs on the same rows, each with one or more seeds.

    Rows are paired: what is hard for both does not count as noise. The standard error of the ratio over
    the rows is that of the delta method, `sqrt(n / (n - 1) sum (d_i - D c_i)^2) / sum c_i`, with `d_i` the
    difference of a row's totals and `c_i` its count. With several seeds, the variance of their mean is
    added.

    Args:
        ours: Sums of the first codec, one a seed.
        theirs: Sums of the second one, of the same rows in the same order.

    Reference: Cochran 1977, *Sampling Techniques*, section 6.3 (ratio estimates).
    """
    counts = ours[0].counts
    apart = np.mean([one.totals for one in ours], axis=0) - np.mean([one.totals for one in theirs], axis=0)
    value = float(apart.sum() / counts.sum())
    rows = len(apart)
    if rows < 2:
        return Difference(value, float("inf"))
    squares = float(np.square(apart - value * counts).sum())
    variance = squares * rows / (rows - 1) / float(counts.sum()) ** 2
    for seeds in (ours, theirs):
        if len(seeds) > 1:
            values = [one.totals.sum() / one.counts.sum() for one in seeds]
            variance += float(np.var(values, ddof=1)) / len(seeds)
    return Difference(value, variance**0.5)
