"""What each test row adds to a figure, and how sure the difference of two codecs on these rows is."""

import dataclasses
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from scipy.stats import norm

#: Standard errors from 0 within which a difference may be chance: about 95 % of those that are.
_ENOUGH = 2.0


class RowFigure(Protocol):
    """A figure of a codec, and how much each test row moves it."""

    @property
    def value(self) -> float | None:
        """The figure; `None` where nothing was counted."""

    @property
    def influences(self) -> np.ndarray:
        """How much each row moves the figure, `(rows,)`; its error is about their mean."""


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

    @property
    def influences(self) -> np.ndarray:
        """How much each row moves the figure, `(rows,)`: that of the delta method.

        Reference: Cochran 1977, *Sampling Techniques*, section 6.3 (ratio estimates).
        """
        return (self.totals - (self.value or 0.0) * self.counts) / self.counts.mean()


@dataclasses.dataclass(frozen=True)
class RowInfluences:
    """A figure that is no mean over the rows, such as an area under a curve.

    Args:
        value: The figure.
        influences: How much each row moves it, `(rows,)`.
    """

    value: float
    influences: np.ndarray


def jackknife(value: float, without: np.ndarray) -> RowInfluences:
    """Find how much each row moves a figure from its values without that row.

    Args:
        value: Figure over all rows.
        without: Figure over all rows but one, for each row, `(rows,)`.

    The variance that follows is rather too large than too small.

    Reference: Efron and Stein 1981, Annals of Statistics 9(3).
    """
    return RowInfluences(value, (len(without) - 1) * (without.mean() - without))


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
        return self.shown_by_best_of(1)

    def shown_by_best_of(self, count: int) -> bool:
        """Whether the difference is shown although the first is the best of `count` on these rows.

        The best of many equal codecs is better than another by chance. The least number of standard errors
        grows from 2 to 2.9 for 10 and to 3.6 for 100, so that a difference where there is none is as rare
        as with one.

        Reference: Sidak 1967, *Journal of the American Statistical Association* 62(318).
        """
        chance = 2.0 * norm.sf(_ENOUGH)
        return abs(self.value) > norm.isf((1.0 - (1.0 - chance) ** (1.0 / count)) / 2.0) * self.error


def difference(ours: Sequence[RowFigure], theirs: Sequence[RowFigure]) -> Difference:
    """Compare two codecs on the same rows, each with one or more seeds.

    Rows are paired: what is hard for both does not count as noise. The standard error over the rows is
    `sqrt(sum d_i^2 / (n (n - 1)))`, with `d_i` the difference of how much a row moves the two figures. With
    several seeds, the variance of their mean is added.

    Args:
        ours: Figure of the first codec, one a seed.
        theirs: Figure of the second one, of the same rows in the same order.
    """
    values = [np.array([one.value for one in seeds], "float64") for seeds in (ours, theirs)]
    value = float(values[0].mean() - values[1].mean())
    moved, theirs_moved = (np.mean([one.influences for one in seeds], axis=0) for seeds in (ours, theirs))
    apart, rows = moved - theirs_moved, len(moved)
    if rows < 2 or not np.isfinite(apart).all():
        return Difference(value, float("inf"))
    variance = float(np.square(apart).sum()) / (rows * (rows - 1))
    variance += sum(float(np.var(seeds, ddof=1)) / len(seeds) for seeds in values if len(seeds) > 1)
    return Difference(value, variance**0.5)
