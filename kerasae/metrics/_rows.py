"""Contribution of each test row to a figure, and the standard error of the difference of two codecs."""

import dataclasses
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from scipy.stats import norm

#: Number of standard errors within which a difference may be chance, as about 95 % of such differences are.
_ENOUGH = 2.0


class RowFigure(Protocol):
    """Figure of a codec, and the influence of each test row on it."""

    @property
    def value(self) -> float | None:
        """Figure; `None` if nothing was counted."""

    @property
    def influences(self) -> np.ndarray:
        """Influence of each row on the figure, `(rows,)`; the standard error is that of their mean."""

    @property
    def block(self) -> int:
        """Number of rows of the data that count as one row here."""

    def by_block(self, block: int) -> "RowFigure":
        """Return the same figure with each block of successive rows as one row."""


@dataclasses.dataclass(frozen=True)
class RowSums:
    """Ratio of two sums over the rows, such as an error per feature.

    Args:
        totals: Contribution of each row to the numerator, `(rows,)`, such as its squared error.
        counts: Contribution of each row to the denominator, `(rows,)`, such as its number of present
            features.
        block: Number of rows of the data that count as one row here. Defaults to 1.
    """

    totals: np.ndarray
    counts: np.ndarray
    block: int = dataclasses.field(default=1, kw_only=True)

    def by_block(self, block: int) -> "RowSums":
        """Return the same ratio with each block of successive rows as one row.

        Windows of a log that share readings are not independent. Counted one by one, they would make a
        standard error too small: by the factor `sqrt(block)` if the windows of a block are alike.

        Args:
            block: Number of successive rows that depend on each other, from 1, as `Data.test.block` gives
                it.

        Reference: Cochran 1977, *Sampling Techniques*, section 9A.1 (clusters of unequal size).
        """
        if block == 1:
            return self
        starts = np.arange(0, len(self.totals), block)
        sums = (np.add.reduceat(values, starts) for values in (self.totals, self.counts))
        return RowSums(*sums, block=self.block * block)

    @property
    def value(self) -> float | None:
        """Figure; `None` if nothing was counted."""
        count = self.counts.sum()
        return float(self.totals.sum() / count) if count else None

    @property
    def influences(self) -> np.ndarray:
        """Influence of each row on the figure, `(rows,)`, by the delta method.

        Reference: Cochran 1977, *Sampling Techniques*, section 6.3 (ratio estimates).
        """
        return (self.totals - (self.value or 0.0) * self.counts) / self.counts.mean()


@dataclasses.dataclass(frozen=True)
class RowInfluences:
    """Figure that is not a mean over the rows, such as an area under a curve.

    Args:
        value: Figure over all rows.
        influences: Influence of each row on it, `(rows,)`.
        block: Number of rows of the data that count as one row here. Defaults to 1.
    """

    value: float
    influences: np.ndarray
    block: int = 1

    def by_block(self, block: int) -> "RowInfluences":
        """Return the same figure with each block of successive rows as one row, as `RowSums.by_block`."""
        if block == 1:
            return self
        rows = len(self.influences)
        sums = np.add.reduceat(self.influences, np.arange(0, rows, block))
        return RowInfluences(self.value, sums * len(sums) / rows, self.block * block)


def jackknife(value: float, without: np.ndarray) -> RowInfluences:
    """Compute the influence of each row on a figure from the values without that row.

    The variance that follows is conservative: it tends to be too large.

    Args:
        value: Figure over all rows.
        without: Figure over all rows but one, for each row, `(rows,)`.

    Reference: Efron and Stein 1981, Annals of Statistics 9(3).
    """
    return RowInfluences(value, (len(without) - 1) * (without.mean() - without))


@dataclasses.dataclass(frozen=True)
class Difference:
    """Difference of a figure between two codecs on the same rows.

    Args:
        value: Figure of the first codec minus figure of the second.
        error: Standard error of the difference, over rows and over seeds; infinite for a single row.
    """

    value: float
    error: float

    @property
    def shown(self) -> bool:
        """Whether the difference is more than two standard errors from 0."""
        return self.shown_by_best_of(1)

    def shown_by_best_of(self, count: int) -> bool:
        """Return whether the difference is shown although the first codec is the best of `count` codecs.

        The best of many equal codecs is better than another one on the same rows by chance. The required
        number of standard errors therefore grows from 2 to 2.8 for 10 codecs and to 3.5 for 100, so that
        false positives are as rare as with one codec.

        Reference: Sidak 1967, *Journal of the American Statistical Association* 62(318).
        """
        chance = 2.0 * norm.sf(_ENOUGH)
        return abs(self.value) > norm.isf((1.0 - (1.0 - chance) ** (1.0 / count)) / 2.0) * self.error


def difference(ours: Sequence[RowFigure], theirs: Sequence[RowFigure]) -> Difference:
    """Compare two codecs on the same rows, each with one or more seeds.

    The standard error is `sqrt(sum d_i^2 / (n (n - 1)))`, with `d_i` the difference between the influences of
    a row on the two figures. With several seeds, the variance of their mean is added.

    Args:
        ours: Figures of the first codec, one for each seed.
        theirs: Figures of the second codec, on the same rows in the same order.
    """
    values = [np.array([figure.value for figure in seeds], "float64") for seeds in (ours, theirs)]
    value = float(values[0].mean() - values[1].mean())
    moved, theirs_moved = (
        np.mean([figure.influences for figure in seeds], axis=0) for seeds in (ours, theirs)
    )
    apart, rows = moved - theirs_moved, len(moved)
    if rows < 2 or not np.isfinite(apart).all():
        return Difference(value, float("inf"))
    variance = float(np.square(apart).sum()) / (rows * (rows - 1))
    variance += sum(float(np.var(seeds, ddof=1)) / len(seeds) for seeds in values if len(seeds) > 1)
    return Difference(value, variance**0.5)
