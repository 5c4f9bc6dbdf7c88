"""FewRows: finds features whose variance comes from a few rows, and bounds them."""

from collections.abc import Iterable, Mapping

import numpy as np

from kerasae.scores._base import Accounts

#: Share of the rows that count as few, and their largest number.
_SHARE, _MOST = 1e-3, 100


class FewRows:
    """Finds the features whose variance a few training rows dominate, in one pass over the accounts.

    One gross error among the training rows may cause most of the variance of its feature. It then hides
    every other error in this feature. Consider the thousandth of the rows (at least one, at most 100) that
    are furthest from the mean of a feature. The feature is dominated if they contribute more than half of the
    sum of squared deviations. Normal residuals contribute an eightieth from 1,000 rows on (a fourteenth at
    100 rows). Student's t residuals with three degrees of freedom contribute a tenth to a sixth (a quarter at
    100 rows). The moments of normal residuals therefore do not change. With tails as long as Student's, two
    in a hundred features count as dominated, eight at 100 rows.

    A dominated feature is winsorised: the residuals of those rows are reduced to that of the next row
    (Tukey 1962, *Annals of Mathematical Statistics* 33(1)).
    """

    def __init__(self) -> None:
        self._low: np.ndarray | None = None
        self._high: np.ndarray | None = None

    def watching(self, accounts: Accounts) -> Iterable[Mapping[str, np.ndarray]]:
        """Yield the accounts unchanged, and record the most extreme residuals."""
        for part in accounts():
            self._see(part)
            yield part

    def _see(self, part: Mapping[str, np.ndarray]) -> None:
        residual = np.asarray(part["residual"], "float64")
        missing = np.zeros(residual.shape, bool) if "missing" not in part else part["missing"] > 0.5
        low, high = np.where(missing, np.inf, residual), np.where(missing, -np.inf, residual)
        if self._low is not None and self._high is not None:
            low, high = np.concatenate([self._low, low]), np.concatenate([self._high, high])
        self._low = np.sort(low, axis=0)[: _MOST + 1]
        self._high = np.sort(high, axis=0)[::-1][: _MOST + 1]

    def bounds(
        self, counts: np.ndarray, mean: np.ndarray, squares: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the bounds of the residual of each feature.

        Args:
            counts: Number of rows with this feature, `(features,)`.
            mean: Mean of the residual, `(features,)`.
            squares: Sum of the squared deviations from the mean, `(features,)`.

        Returns:
            The smallest and the largest residual, each `(features,)`; infinite for a feature that is not
            dominated. `None` if no feature is dominated.
        """
        assert self._low is not None and self._high is not None
        low, high = np.full(len(mean), -np.inf), np.full(len(mean), np.inf)
        for number in range(len(mean)):
            few = min(max(1, round(_SHARE * counts[number])), _MOST)
            if counts[number] < 2 * few + 2:
                continue
            # These rows contain the next one. With the rows checked above, no row is on both sides.
            outer = np.concatenate([self._low[: few + 1, number], self._high[: few + 1, number]])
            outer = outer[np.argsort(-np.abs(outer - mean[number]))]
            if np.square(outer[:few] - mean[number]).sum() <= 0.5 * squares[number]:
                continue
            # The mean contains these rows, so they are removed from it.
            center = (counts[number] * mean[number] - outer[:few].sum()) / (counts[number] - few)
            reach = np.abs(outer[few:] - center).max()
            low[number], high[number] = center - reach, center + reach
        return None if np.isinf(high).all() else (low, high)


def within(accounts: Accounts, bounds: tuple[np.ndarray, np.ndarray]) -> Accounts:
    """Return accounts whose residuals are clipped to bounds."""

    def cut() -> Iterable[Mapping[str, np.ndarray]]:
        return ({**part, "residual": np.clip(part["residual"], *bounds)} for part in accounts())

    return cut
