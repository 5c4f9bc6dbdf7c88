"""Tables."""

from typing import Any

import numpy as np
import pandas as pd

from kerasae.kinds._base import Kind
from kerasae.spec import Column, Spec


class Table(Kind):
    """Rows of a table, whose columns are numbers, booleans, dates and categories, with missing entries."""

    is_array = False
    is_measured = True
    has_gaps = True
    unit = "cell"
    parts = "columns"
    written_as = "as CSV with a line of names"

    @classmethod
    def example(cls) -> Spec:
        columns = (
            Column("length", "number", "float64"),
            Column("seen", "date", "datetime64[ns]"),
            Column("sold", "boolean", "boolean"),
            Column("colour", "category", "object", ("green", "red")),
            Column("notes", "empty", "float64"),
        )
        return Spec("table", (4,), "mixed", columns=columns)

    @property
    def network(self) -> str:
        return "table"

    @property
    def preprocessing(self) -> str:
        return "table"

    @property
    def loss(self) -> str | None:
        return "columns"

    @property
    def measures(self) -> str:
        return "table"

    @property
    def corruption(self) -> str:
        return "swap"

    @property
    def anomaly_score(self) -> str:
        return "evidence" if all(column.is_numeric for column in self.spec.features) else "supported"

    @property
    def view(self) -> str:
        return "table"

    @property
    def described(self) -> str:
        return "a table"

    @property
    def widest(self) -> int:
        # An embedded column may have several numbers.
        return 512

    @property
    def feature_names(self) -> list[str]:
        return [column.name for column in self.spec.features]

    @property
    def feature_columns(self) -> tuple[Column, ...]:
        return self.spec.features

    @property
    def is_code(self) -> np.ndarray:
        return np.array([not column.is_numeric for column in self.spec.features], bool)

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.spec.columns]

    def as_frame(self, raw: Any) -> pd.DataFrame:
        return raw.rename(columns=str)[self.column_names]

    def watched(self, raw: Any, x: np.ndarray) -> pd.DataFrame:
        """Return numbers and dates in units of `x`, and the names of categories; unseen ones are one."""
        columns: dict[str, Any] = {}
        for number, column in enumerate(self.spec.features):
            values: Any = x[:, number].astype("float64")
            if not column.is_numeric:
                names = ("false", "true") if column.kind == "boolean" else ("unseen", *column.categories)
                codes = np.nan_to_num(values).astype(int)
                values = np.where(np.isnan(values), None, np.array(names, object)[codes])
            columns[column.name] = values
        return pd.DataFrame(columns)

    def points(self, x: np.ndarray) -> np.ndarray:
        parts = []
        for number, column in enumerate(self.spec.features):
            values = x[:, number : number + 1]
            if column.kind == "category":
                parts.append((values == np.arange(column.width)) / np.sqrt(2))
            else:
                parts.append(np.nan_to_num(values, nan=0.5 if column.kind == "boolean" else 0.0))
        return np.concatenate(parts, axis=1)

    def has_examples_like(self, spec: Spec) -> bool:
        # The columns of a table are found by name.
        return spec.kind == self.spec.kind
