"""FewRows: finds features whose variance is that of a few rows, and bounds them."""

from collections.abc import Iterable, Mapping

import numpy as np

from kerasae.scores._base import Accounts

#: Share of the rows that are few, and how many they are at most.
_SHARE, _MOST = 1e-3, 100


class FewRows:
    """The outermost residuals of each feature, kept while accounts are read once.

    One gross error among the training rows makes the variance of its feature, and hides every other
    error there. A feature is dominated where the thousandth of the rows (at least one, at most 100) that
    are furthest from its mean has more than half of its squares. Of normal residuals they have an
    eightieth from 1,000 rows on (a fourteenth at 100), of Student's with three degrees of freedom a tenth to
    a sixth (a quarter at 100). So the moments of normal residuals stay what they are; of features with
    tails as long as Student's two in a hundred are taken for dominated, eight at 100 rows.

    A dominated feature is winsorised: those rows count as far as the next one (Tukey 1962, *Annals of
    Mathematical Statistics* 33(1)).
    """

    def __init__(self) -> None:
        self._low: np.ndarray | None = None
        self._high: np.ndarray | None = None

    def watching(self, accounts: Accounts) -> Iterable[Mapping[str, np.ndarray]]:
        """The accounts as they are, while the outermost residuals are noted."""
        for part in accounts():
            self._see(part)
            yield part

    def _see(self, part: Mapping[str, np.ndarray]) -> None:
        residual = np.asarray(part["residual"], "float64")
        gone = np.zeros(residual.shape, bool) if "missing" not in part else part["missing"] > 0.5
        low, high = np.where(gone, np.inf, residual), np.where(gone, -np.inf, residual)
        if self._low is not None and self._high is not None:
            low, high = np.concatenate([self._low, low]), np.concatenate([self._high, high])
        self._low = np.sort(low, axis=0)[: _MOST + 1]
        self._high = np.sort(high, axis=0)[::-1][: _MOST + 1]

    def bounds(
        self, counts: np.ndarray, mean: np.ndarray, squares: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """The least and the greatest residual that count of each feature, `(features,)`; `None` if all do.

        Args:
            counts: Rows of each feature.
            mean: Mean of each feature.
            squares: Sum of the squares of its deviations.
        """
        assert self._low is not None and self._high is not None
        low, high = np.full(len(mean), -np.inf), np.full(len(mean), np.inf)
        for number in range(len(mean)):
            few = min(max(1, round(_SHARE * counts[number])), _MOST)
            if counts[number] < 2 * few + 2:
                continue
            # The next one is among so many of each side; where rows are enough no row is in both.
            outer = np.concatenate([self._low[: few + 1, number], self._high[: few + 1, number]])
            outer = outer[np.argsort(-np.abs(outer - mean[number]))]
            if np.square(outer[:few] - mean[number]).sum() <= 0.5 * squares[number]:
                continue
            # The mean is theirs as well.
            center = (counts[number] * mean[number] - outer[:few].sum()) / (counts[number] - few)
            reach = np.abs(outer[few:] - center).max()
            low[number], high[number] = center - reach, center + reach
        return None if np.isinf(high).all() else (low, high)


def within(accounts: Accounts, bounds: tuple[np.ndarray, np.ndarray]) -> Accounts:
    """Accounts with their residuals cut to bounds."""

    def cut() -> Iterable[Mapping[str, np.ndarray]]:
        return ({**part, "residual": np.clip(part["residual"], *bounds)} for part in accounts())

    return cut
