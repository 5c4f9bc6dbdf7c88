"""Figures of windows of a series."""

from typing import Any, ClassVar

import numpy as np

from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.metrics._codes import reconstruct
from kerasae.metrics._metric import Metric
from kerasae.metrics._rows import RowSums
from kerasae.metrics.measures.numbers import NumberMeasures


class SeriesMeasures(NumberMeasures):
    """Mean errors per reading in `x`, compared with PCA of windows of the same size.

    Missing readings do not count.
    """

    deciding: ClassVar[tuple[Metric, ...]] = (Metric("error", "test error", lower=True, digits=5),)
    notes: ClassVar[tuple[str, ...]] = (
        "Test error: mean squared error per reading, in squared standard deviations of the channel, the same "
        "windows for all. Missing readings do not count.",
        "Explained variance: against predicting the training mean of each channel.",
        "Standard errors: a block of successive windows that share readings counts as one row.",
        "PCA is fitted on the windows of the training and the validation part, with missing readings at the "
        "mean.",
    )

    def measured(self, codec: Codec, data: Data, split: str) -> tuple[dict[str, Any], dict[str, RowSums]]:
        """Return `error`, `absolute_error` and `explained_variance`; the last is `None` without variation."""
        totals, counts = np.empty(len(data.split(split))), np.empty(len(data.split(split)), "int32")
        done, absolute, spread = 0, 0.0, 0.0
        for raw, x in data.parts(split):
            present = ~np.isnan(x).reshape(len(x), -1)
            flat = np.nan_to_num(x).reshape(present.shape).astype("float64")
            difference = np.where(present, flat - reconstruct(codec, raw).reshape(present.shape), 0.0)
            totals[done : done + len(x)] = np.square(difference).sum(axis=1)
            counts[done : done + len(x)] = present.sum(axis=1)
            done += len(x)
            absolute += float(np.abs(difference).sum())
            # The mean of a channel over the training readings is 0 in x.
            spread += float(np.square(flat).sum())
        rows = RowSums(totals, counts)
        readings = max(float(rows.counts.sum()), 1.0)
        return {
            "error": rows.value,
            "absolute_error": absolute / readings,
            "explained_variance": 1.0 - float(totals.sum()) / spread if spread > 0 else None,
        }, {"error": rows}
