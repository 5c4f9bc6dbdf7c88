"""Notation: how the entries of one column are written."""

import dataclasses
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


@dataclasses.dataclass(frozen=True, kw_only=True)
class Notation:
    """How the entries of one column are written; `parse` and `format` are inverse.

    Abstract. A notation is found on the training file, is kept in the spec inside the model, and reads
    every later file.

    Args:
        missing: entries that stand for a missing one, beside the empty one.
    """

    #: Kind of the columns that it is for.
    kind: ClassVar[str]

    missing: tuple[str, ...] = ()

    @property
    def dressed(self) -> bool:
        """Whether entries are written otherwise than pandas writes values of this kind."""
        return False

    @property
    def missing_numbers(self) -> tuple[float, ...]:
        """The numbers among `missing`, as values of the column; a typed table holds them so."""
        return ()

    def with_missing(self, more: tuple[str, ...]) -> "Notation":
        """The same notation with more entries that stand for a missing one."""
        new = tuple(one for one in more if one not in self.missing)
        return dataclasses.replace(self, missing=self.missing + new) if new else self

    def with_none_missing(self) -> "Notation":
        """The same notation in which every entry counts."""
        return dataclasses.replace(self, missing=())

    def parse(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        """Convert strings into values.

        Args:
            texts: strings, null for missing.

        Returns:
            int64 or double, bool, timestamp in microseconds UTC, or string; null where an entry is missing
            or cannot be read.
        """
        return self._parse(self.without_missing(texts))

    def without_missing(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        """Trim strings and put a null where one stands for a missing entry."""
        trimmed = trim(texts)
        gone = pc.is_in(trimmed, pa.array(["", *self.missing], pa.string()))
        return pc.if_else(gone, pa.scalar(None, pa.string()), trimmed)

    def _parse(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        raise NotImplementedError(f"{type(self).__name__} must write `_parse`.")

    def format(self, values: pd.Series) -> pd.Series:
        """Convert values into strings as they were written; `None` for a missing one."""
        texts = [
            None if missing else self._text(value)
            for value, missing in zip(values, values.isna(), strict=True)
        ]
        return pd.Series(texts, index=values.index, dtype=object)

    def _text(self, value: Any) -> str:
        raise NotImplementedError(f"{type(self).__name__} must write `_text`.")

    def rounded(self, values: np.ndarray) -> np.ndarray:
        """Round numbers `(rows,)` to the nearest that the entries can be; by default to themselves."""
        return values

    def words(self) -> str:
        """A description with an example, for people; empty where there is nothing to say."""
        return ""

    def to_dict(self) -> dict[str, Any]:
        """This notation as plain JSON values; what has its default is left out."""
        fields = dataclasses.fields(self)
        values = {
            one.name: getattr(self, one.name) for one in fields if getattr(self, one.name) != one.default
        }
        return {
            "name": type(self).__name__,
            **{key: list(value) if isinstance(value, tuple) else value for key, value in values.items()},
        }


def trim(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Strings without white space around them, no-break spaces included."""
    return pc.utf8_trim_whitespace(texts)


def null_unless(there: pa.ChunkedArray, texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Strings where a condition holds, null elsewhere."""
    return pc.if_else(there, texts, pa.scalar(None, pa.string()))


def chunked(texts: Any) -> pa.ChunkedArray:
    """Strings of a Series or a list as Arrow holds them, `None` and NaN as null."""
    return pa.chunked_array([pa.array(texts, pa.string(), from_pandas=True)])
