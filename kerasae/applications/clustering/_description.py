"""Description of the clusters of a table: a typical row of each, and what sets it apart."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from kerasae.applications._measures import is_date
from kerasae.applications.clustering._differences import Difference, differences, is_measure

#: Number of columns that are named for each cluster.
_COLUMNS = 6


@dataclasses.dataclass(frozen=True)
class Description:
    """Summary of the rows of each cluster.

    Args:
        typical: A row for each cluster: means of numbers and dates, the most frequent value of other columns.
        differences: Columns in which the rows of each cluster differ most from all others, by cluster.
    """

    typical: pd.DataFrame
    differences: Sequence[Sequence[Difference]]

    @classmethod
    def of(cls, rows: pd.DataFrame, clusters_of: np.ndarray, clusters: int) -> Self:
        """Describe the clusters of some rows.

        Args:
            rows: Rows of a table.
            clusters_of: Cluster of each row, `(rows,)`, from 0.
            clusters: Number of clusters.
        """
        members = [clusters_of == number for number in range(clusters)]
        return cls(typical_rows(rows, members), [differences(rows, inside)[:_COLUMNS] for inside in members])

    def state(self) -> dict[str, Any]:
        """Return the summary as a table and plain values."""
        parts = [[dataclasses.astuple(difference) for difference in part] for part in self.differences]
        return {"typical": self.typical.infer_objects(), "differences": parts}

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Self:
        """Return the summary whose `state` this is."""
        typical = state["typical"]
        texts = typical.select_dtypes(exclude="number").astype(object)
        typical[texts.columns] = texts.where(texts.notna(), None)
        parts = [[Difference(*difference) for difference in part] for part in state["differences"]]
        return cls(typical, parts)


def typical_rows(rows: pd.DataFrame, members: Sequence[np.ndarray]) -> pd.DataFrame:
    """Return a row for each cluster. Numbers keep their precision; other columns have the type object.

    Args:
        rows: Rows of a table.
        members: Whether each row belongs to a cluster, `(rows,)`, for each cluster.
    """
    return pd.DataFrame({str(name): _typical(rows[name], members) for name in rows.columns})


def _typical(values: pd.Series, members: Sequence[np.ndarray]) -> pd.Series:
    parts = [values[inside].dropna() for inside in members]
    if not is_measure(values) or pd.api.types.is_bool_dtype(values.dtype):
        # As text, because a column of a file has one type.
        modes = [str(part.value_counts().index[0]) if len(part) else None for part in parts]
        return pd.Series(modes, dtype=object)
    means = [part.mean() if len(part) else None for part in parts]
    if is_date(values):
        return pd.Series(means, dtype=object)
    return pd.Series(means, dtype=np.array([mean for mean in means if mean is not None]).dtype)
