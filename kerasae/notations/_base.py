"""Notation: how the entries of one column are written."""

import dataclasses
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


@dataclasses.dataclass(frozen=True, kw_only=True)
class Notation:
    """How the entries of one column are written. `parse` and `format` are inverse. Abstract.

    A notation is found in the training file and kept in the spec inside the model. It reads every later file.

    Args:
        missing: Entries that stand for a missing one, besides the empty one. Defaults to none.
    """

    #: Kind of the columns that the notation is for.
    kind: ClassVar[str]

    missing: tuple[str, ...] = ()

    @property
    def dressed(self) -> bool:
        """Whether entries are written in another way than pandas writes values of this kind."""
        return False

    @property
    def missing_numbers(self) -> tuple[float, ...]:
        """The numbers among `missing`, as values of the column, because a typed table holds such values."""
        return ()

    def with_missing(self, more: tuple[str, ...]) -> "Notation":
        """Return the same notation with more entries that stand for a missing one."""
        new = tuple(one for one in more if one not in self.missing)
        return dataclasses.replace(self, missing=self.missing + new) if new else self

    def with_none_missing(self) -> "Notation":
        """Return the same notation in which no entry stands for a missing one."""
        return dataclasses.replace(self, missing=())

    def parse(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        """Convert strings into values.

        Args:
            texts: Strings, null for missing.

        Returns:
            Values as int64 or double, bool, timestamp in microseconds UTC, or string. An entry is null if it
            is missing or cannot be read.
        """
        return self._parse(self.without_missing(texts))

    def without_missing(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        """Trim strings and replace those that stand for a missing entry by null."""
        trimmed = trim(texts)
        gone = pc.is_in(trimmed, pa.array(["", *self.missing], pa.string()))
        return pc.if_else(gone, pa.scalar(None, pa.string()), trimmed)

    def _parse(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        raise NotImplementedError(f"{type(self).__name__} must write `_parse`.")

    def format(self, values: pd.Series) -> pd.Series:
        """Convert values into strings as they were written. A missing value becomes `None`."""
        texts = [
            None if missing else self._text(value)
            for value, missing in zip(values, values.isna(), strict=True)
        ]
        return pd.Series(texts, index=values.index, dtype=object)

    def _text(self, value: Any) -> str:
        raise NotImplementedError(f"{type(self).__name__} must write `_text`.")

    def rounded(self, values: np.ndarray) -> np.ndarray:
        """Round numbers `(rows,)` to the nearest ones that can be written. By default nothing changes."""
        return values

    def words(self) -> str:
        """Return a description with an example, for users; empty for a plain notation."""
        return ""

    def to_dict(self) -> dict[str, Any]:
        """Return the notation as plain JSON values, without those that have their defaults."""
        fields = dataclasses.fields(self)
        values = {
            one.name: getattr(self, one.name) for one in fields if getattr(self, one.name) != one.default
        }
        return {
            "name": type(self).__name__,
            **{key: list(value) if isinstance(value, tuple) else value for key, value in values.items()},
        }


def trim(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return strings without white space around them, no-break spaces included."""
    return pc.utf8_trim_whitespace(texts)


def null_unless(there: pa.ChunkedArray, texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return strings where a condition holds, and null elsewhere."""
    return pc.if_else(there, texts, pa.scalar(None, pa.string()))


def chunked(texts: Any) -> pa.ChunkedArray:
    """Return the strings of a Series or a list as an Arrow array, with null for `None` and NaN."""
    return pa.chunked_array([pa.array(texts, pa.string(), from_pandas=True)])
