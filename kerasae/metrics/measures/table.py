"""Figures of tables."""

from typing import Any, ClassVar

import numpy as np

from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.metrics._codes import reconstruct
from kerasae.metrics._metric import Metric
from kerasae.metrics._rows import RowSums
from kerasae.metrics.measures._base import Measures
from kerasae.spec import Spec


class TableMeasures(Measures):
    """Errors over the present entries, separately for numbers and categories."""

    deciding: ClassVar[tuple[Metric, ...]] = (
        Metric("error", "test error (numbers)", lower=True, digits=5, phrase="test error in numbers"),
        Metric("wrong", "categories wrong", lower=True, digits=4, phrase="share of wrong categories"),
    )
    notes: ClassVar[tuple[str, ...]] = (
        "Test error: mean squared error over the numbers and dates that are not missing, in squared "
        "units of x (standardised: 1 is as bad as the mean).",
        "Categories wrong: share of the categories and booleans that are not missing and rebuilt wrong; "
        "one unseen in training counts as wrong.",
        "pca: PCA of the numbers and dates, missing ones filled with the mean, and the mode of every other "
        "column. pca-onehot: PCA of all columns, categories as indicators. Both are fitted on the "
        "training and the validation rows.",
    )

    def measured(self, codec: Codec, data: Data, split: str) -> tuple[dict[str, Any], dict[str, RowSums]]:
        """Return `error` and `wrong`, `None` if there is no such column, and both by column."""
        columns = data.spec.features
        codes = np.array([not column.is_numeric for column in columns])
        total, count = np.zeros(len(columns)), np.zeros(len(columns))
        kinds = {"error": ~codes, "wrong": codes}
        parts: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {key: [] for key in kinds}
        for raw, x in data.parts(split):
            rebuilt = reconstruct(codec, raw)
            present = ~np.isnan(x)
            unknown = np.array([column.kind == "category" for column in columns]) & (x == 0)
            wrong = (np.round(rebuilt) != x) | unknown
            loss = np.where(codes, wrong, np.square(x - rebuilt, dtype="float64"))
            loss = np.where(present, loss, 0.0)
            total += loss.sum(axis=0)
            count += present.sum(axis=0)
            for key, chosen in kinds.items():
                parts[key].append((loss[:, chosen].sum(axis=1), present[:, chosen].sum(axis=1)))
        rows = {
            key: RowSums(*(np.concatenate(part) for part in zip(*sums, strict=True)))
            for key, sums in parts.items()
        }
        figures: dict[str, Any] = {key: figure.value for key, figure in rows.items()}
        figures["by_column"] = {
            column.name: float(total[i] / count[i]) if count[i] else None for i, column in enumerate(columns)
        }
        return figures, {key: figure for key, figure in rows.items() if figure.value is not None}

    def main(self, spec: Spec) -> Metric:
        error, wrong = self.deciding
        return error if any(column.is_numeric for column in spec.features) else wrong

    def exact(self, figures: dict[str, Any], key: str) -> bool:
        """Return whether a baseline leaves only rounding errors."""
        return bool(figures[key] < 1e-6)
