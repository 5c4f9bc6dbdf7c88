"""Tables as one row of numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from kerasae.export.feeds._feed import Feed

from kerasae.preprocessing import as_known, file_entries, table_tensors
from kerasae.spec import Spec

#: Text for a value of a category that the training did not have, as a decoder answers it.
_OTHER = "[UNK]"


class TableFeed(Feed):
    """Tables as one row of numbers: codes of categories, seconds of dates, NaN for a missing entry.

    Args:
        spec: Fitted spec of the table.
        origin: Number that is subtracted from each feature, because float32 would round what is far from 0.
    """

    def __init__(self, spec: Spec, origin: Sequence[float]) -> None:
        super().__init__(spec)
        self.origin = [float(one) for one in origin]
        self._codes = [
            {"": np.nan} | {text: i for i, text in enumerate(column.categories, 1)}
            for column in spec.features
        ]

    def to_dict(self) -> dict[str, Any]:
        return {"origin": self.origin}

    def __call__(self, raw: Any) -> dict[str, np.ndarray]:
        tensors = table_tensors(raw, self.spec.columns)
        columns = []
        for column, codes in zip(self.spec.features, self._codes, strict=True):
            values = tensors[column.name]
            if column.kind == "category":
                values = np.array([codes.get(value, 0) for value in values])
            columns.append(values)
        return {"x": (np.stack(columns, axis=1) - self.origin).astype("float32")}

    def served(self, raw: Any, facts: Mapping[str, Any]) -> dict[str, np.ndarray]:
        tensors = table_tensors(raw, self.spec.columns)
        return {column["key"]: tensors[column["name"]] for column in facts["columns"]}

    def columns(self, names: Sequence[str]) -> Sequence[str]:
        wanted = [column.name for column in self.spec.features]
        if missing := [name for name in wanted if name not in names]:
            shown = ", ".join(f"'{name}'" for name in missing[:8])
            raise ValueError(
                f"Expected the columns of the training, received a table without {shown}"
                + (f" and {len(missing) - 8} more" if len(missing) > 8 else "")
                + "."
            )
        return wanted

    def of_entries(self, rows: Sequence[Any]) -> Any:
        columns = {
            column.name: file_entries([row[i] for row in rows], column)
            for i, column in enumerate(self.spec.features)
        }
        return self._frame(columns, len(rows))

    def of_values(self, rows: Sequence[Any]) -> Any:
        columns = {}
        for column in self.spec.features:
            values = [row[column.name] for row in rows]
            if column.kind == "category":
                texts = pa.array([_text(value) for value in values], pa.string())
                values = as_known(pa.chunked_array([texts]), column).to_pylist()
            columns[column.name] = pd.Series(values, dtype=object)
        return self._frame(columns, len(rows))

    def _frame(self, columns: dict[str, Any], rows: int) -> dict[str, Any]:
        """Return columns with those that had no value in training, which may be missing in a file."""
        return {column.name: columns.get(column.name, [None] * rows) for column in self.spec.columns}

    def raw_value(self, feature: int, number: float) -> Any:
        column = self.spec.features[feature]
        if not np.isfinite(number):
            return None
        if column.kind == "category":
            code = round(number)
            return column.categories[code - 1] if 1 <= code <= len(column.categories) else _OTHER
        if column.kind == "boolean":
            return bool(number > 0.5)
        value = number + self.origin[feature]
        if column.kind == "date":
            moment = pd.Series([pd.Timestamp(round(value * 1e6), unit="us")])
            return column.notation.format(moment)[0]
        whole = "int" in column.dtype.lower()
        return round(value) if whole else float(f"{value:.7g}")

    def raw_spread(self, feature: int, number: float) -> float:
        """Return a standard deviation in the units of the file, or for a date in days, as in `scores.csv`."""
        is_date = self.spec.features[feature].kind == "date"
        return super().raw_spread(feature, number / 86_400 if is_date else number)

    def entry(self, raw: Any, row: int, feature: int) -> Any:
        column = self.spec.features[feature]
        if column.kind not in ("category", "number"):
            return None
        value = pd.Series(raw[column.name]).iloc[row]
        if value is None or pd.isna(value):
            return None
        if column.kind == "category":
            return str(value)
        number = float(value)
        return int(number) if "int" in column.dtype.lower() and number.is_integer() else number


def _text(value: Any) -> Any:
    """Return a value of JSON as the text of a category: 3.0 is 3, as pandas reads it."""
    if value is None or isinstance(value, str):
        return value
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
