"""Calibration: scores of normal rows in a form of fixed size, for p-values and thresholds.

This package needs only NumPy, so that an artifact can be calibrated again where no TensorFlow is installed.
"""

from typing import NamedTuple

import numpy as np

#: Number of scores that a calibration keeps.
SIZE = 512
#: Number of the highest scores that are kept one by one if there are more rows than `SIZE`.
_EXACT = 256
#: Score that fills the places which are not used; the greatest number of float32.
_UNUSED = np.finfo("float32").max


class Calibration(NamedTuple):
    """Scores of calibration rows, each with the number of rows that it stands for.

    The p-value of a score is `(1 + N) / (n + 1)`. `n` is the number of calibration rows, and `N` counts those
    with at least this score. Up to 512 rows are kept one by one, and the p-value is that of
    `conformal_p_values`. Of more rows the 256 highest are kept, and 256 of the others, whose ranks from the
    top grow by a constant factor. A score that is kept then stands for all rows from it down to the next one.
    These rows count as if they had its score. So `N` is never too small, and the p-value stays valid: it is
    at most `a` for at most the share `a` of new normal rows. It is exact up to `256 / (n + 1)`. Above, it is
    too large by less than 1 % for 2,000 rows, 2 % for 10,000, 3 % for 100,000 and 4 % for 1,000,000.

    Windows of a log that share readings are not independent: one odd reading makes up to `block` of them
    odd. The p-value is then `(block + N) / (block + n)`, as if a whole block of new windows were odder than
    all others. If blocks of successive windows are exchangeable, at most the share `a` of the new windows has
    a p-value of at most `a`, on average. This is conformal risk control: the loss of a block is the share of
    its windows that are flagged. In the numbers, `block - 1` rows are added whose score is the highest
    possible one. So artifacts compute these p-values by the same formula as all others.

    Attributes:
        scores: Kept scores, `(512,)`, float32, ascending. The places at the end that are not used have the
            greatest number of float32, and so have the rows that are added for a block.
        counts: Number of rows that each kept score stands for, `(512,)`, float32; 0 for a place that is not
            used. Their sum is the number of calibration rows and of the rows that are added for a block,
            exact up to 16 million.
        block: Number of successive calibration rows that may depend on each other, from 1.

    Reference: Angelopoulos, Bates, Fisch, Lei, Schuster 2022, arXiv:2208.02814, for blocks.
    """

    scores: np.ndarray
    counts: np.ndarray
    block: int = 1

    @classmethod
    def of(cls, scores: np.ndarray, block: int = 1) -> "Calibration":
        """Return the calibration by the scores of normal rows; without rows all p-values are 1.

        Args:
            scores: Scores of normal rows, `(rows,)`, in the order of time if they depend on each other.
            block: Number of successive rows that may depend on each other, from 1. Defaults to 1.

        Raises:
            ValueError: If `block` is not a positive integer.
        """
        check_block(block)
        ordered = np.sort(np.minimum(np.asarray(scores, "float32"), _UNUSED))
        places = kept_places(len(ordered), SIZE - (block > 1))
        unused = SIZE - len(places)
        counts = np.pad(np.diff(places, prepend=-1), (0, unused)).astype("float32")
        if block > 1:
            counts[-1] = block - 1
        return cls(np.pad(ordered[places], (0, unused), constant_values=_UNUSED), counts, block)

    @property
    def rows(self) -> int:
        """Number of calibration rows."""
        return int(self.counts.sum(dtype="float64")) - (self.block - 1)

    def p_values(self, scores: np.ndarray) -> np.ndarray:
        """Return the p-value of each score, `(rows,)`, in [block / (n + block), 1]."""
        at_least = np.concatenate([np.cumsum(self.counts[::-1], dtype="float64")[::-1], [0.0]])
        # A score above the greatest number of float32 is that of a row that cannot be scored.
        known = np.minimum(np.asarray(scores, "float32"), _UNUSED)
        places = np.searchsorted(self.scores, known, side="left")
        return np.asarray((1.0 + at_least[places]) / (self.rows + float(self.block)))


def check_rate(false_alarms: float) -> None:
    """Raise a ValueError unless the share of false alarms is in (0, 1)."""
    if isinstance(false_alarms, bool) or not 0 < false_alarms < 1:
        raise ValueError(
            f"`false_alarms` must be a share in (0, 1), such as 0.02 for 2 %, received {false_alarms!r}."
        )


def check_block(block: int) -> None:
    """Raise a ValueError unless a number of rows that depend on each other is a positive integer."""
    if isinstance(block, bool) or not isinstance(block, int) or block < 1:
        raise ValueError(f"`block` must be a positive integer, received {block!r}.")


def kept_places(rows: int, size: int = SIZE) -> np.ndarray:
    """Return the places of the kept scores among ascending ones, at most `(size,)`, ascending."""
    if rows <= size:
        return np.arange(rows)
    # These are ranks from the top, 0 for the highest score.
    grid = np.geomspace(_EXACT, rows, size - _EXACT + 1)[:-1]
    ranks = np.ceil(grid).astype(int)
    # Where the factor is small, rounding would repeat ranks.
    ranks = np.maximum.accumulate(ranks - np.arange(len(ranks))) + np.arange(len(ranks))
    return rows - 1 - np.concatenate([np.arange(_EXACT), ranks])[::-1]
