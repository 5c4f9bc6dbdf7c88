"""Figures of examples that are arrays of numbers: images and vectors."""

from typing import Any, ClassVar

import numpy as np

from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.metrics._codes import reconstruct
from kerasae.metrics._metric import Metric
from kerasae.metrics._rows import RowSums
from kerasae.metrics.measures._base import Measures

#: Squared rounding error of float32, with a margin, as a share of the square of a number.
_ROUNDING = 1e-12


class NumberMeasures(Measures):
    """Mean errors per feature in `x`, compared with PCA of the same size."""

    deciding: ClassVar[tuple[Metric, ...]] = (Metric("error", "test error", lower=True, digits=5),)
    others: ClassVar[tuple[Metric, ...]] = (
        Metric("explained_variance", "explained variance", lower=False, digits=3),
    )
    notes: ClassVar[tuple[str, ...]] = (
        "Test error: mean squared error per feature, in squared units of x (images: grey levels "
        "scaled to [0, 1]), the same rows for all.",
        "Explained variance: against predicting the training mean.",
        "PCA is fitted on the training and the validation rows.",
    )

    def measured(self, codec: Codec, data: Data, split: str) -> tuple[dict[str, Any], dict[str, RowSums]]:
        """Return `error`, `absolute_error` and `explained_variance`.

        The last is `None` if rows do not vary, or if there are no training rows, whose mean it refers to.
        """
        squares: list[np.ndarray] = []
        absolute = spread = size = 0.0
        for raw, x in data.parts(split):
            difference = (x - reconstruct(codec, raw)).reshape(len(x), -1)
            squares.append(np.square(difference, dtype="float64").sum(axis=1))
            absolute += float(np.sum(np.abs(difference), dtype="float64"))
            if len(data.train):
                spread += float(np.sum(np.square(x - data.mean, dtype="float64")))
            size += float(np.sum(np.square(x, dtype="float64")))
        totals = np.concatenate(squares)
        rows = RowSums(totals, np.full(len(totals), data.spec.size))
        return {
            "error": rows.value,
            "absolute_error": absolute / float(rows.counts.sum()),
            "explained_variance": 1.0 - float(totals.sum()) / spread if spread > _ROUNDING * size else None,
        }, {"error": rows}

    def exact(self, figures: dict[str, Any], key: str) -> bool:
        """Return whether a baseline leaves only rounding errors, which are not worth a comparison."""
        explained = figures["explained_variance"]
        if explained is None or explained < 0:
            # If rows hardly vary, the remaining error is the rounding of float32 numbers around 1.
            return bool(figures["error"] < _ROUNDING)
        return bool(1 - explained < 1e-6)
