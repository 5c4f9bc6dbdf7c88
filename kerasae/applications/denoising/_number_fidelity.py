"""Fidelity of numbers and categories: mean squared error in `x`, and share of wrong categories."""

from typing import Any, ClassVar

import numpy as np

from kerasae.applications.denoising._fidelity import Change
from kerasae.metrics import Metric, RowSums


class NumberFidelity:
    """Mean squared error in `x` over the numbers, and the share of wrong categories if there are some.

    Args:
        codes: Whether each column holds codes of categories; `None` if all are numbers.
        block: Number of successive rows that share readings, from 1.
    """

    decisive: ClassVar[str] = "error_after"
    in_x: ClassVar[bool] = True

    def __init__(self, codes: np.ndarray | None, block: int) -> None:
        self._codes, self._block = codes, block
        # Loss and number of entries of each row.
        self._totals: dict[tuple[str, bool], list[np.ndarray]] = {}

    def add(self, noisy: np.ndarray, clean: np.ndarray, truth: np.ndarray) -> None:
        """Add a part of the examples, in `x`; entries that are missing in any of them do not count."""
        present = ~(np.isnan(noisy) | np.isnan(truth))
        for name, values in (("before", noisy), ("after", clean)):
            if self._codes is None:
                self._sum(name, False, np.square(values - truth, dtype="float64"), present)
                continue
            for code in (False, True):
                chosen = self._codes == code
                loss: Any = values != truth if code else np.square(values - truth, dtype="float64")
                self._sum(name, code, loss[:, chosen], present[:, chosen])

    def _sum(self, name: str, code: bool, loss: np.ndarray, present: np.ndarray) -> None:
        by_row = (
            values.reshape(len(values), -1).sum(axis=1) for values in (np.where(present, loss, 0.0), present)
        )
        self._totals.setdefault((name, code), []).append(np.stack([*by_row]))

    def changes(self) -> list[Change]:
        changes = [
            Change(
                "Error after cleaning",
                self._metric("error_before", "error before", self._sums("before", False)),
                self._metric("error_after", "error after", self._sums("after", False), lower=True),
            )
        ]
        if self._codes is not None and self._codes.any():
            before, after = (self._sums(state, True) for state in ("before", "after"))
            changes.append(
                Change(
                    "Categories wrong after cleaning",
                    self._metric("categories_wrong_before", "categories wrong before", before),
                    self._metric("categories_wrong_after", "categories wrong after", after, lower=True),
                )
            )
        return changes

    @staticmethod
    def _metric(key: str, heading: str, sums: RowSums, lower: bool | None = None) -> Metric:
        return Metric(key, heading, sums.value, lower, rows=[sums])

    def _sums(self, state: str, code: bool) -> RowSums:
        sums = np.concatenate([*self._totals.get((state, code), []), np.zeros((2, 0))], axis=1)
        return RowSums(*sums).by_block(self._block)

    def best_filter(self) -> None:
        return None
