"""ColumnReader: a column of strings read by its notation."""

import warnings
from collections import Counter

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kerasae import notations
from kerasae.data._columns.column_finder import ColumnFinder, cast_or_none
from kerasae.data._columns.doubts import TRIED, value_of
from kerasae.data._columns.dtypes import with_dtype
from kerasae.notations import STAND_INS, nulls
from kerasae.preprocessing import as_known
from kerasae.spec import Column

#: Greatest number of entries that count as a few, as a share of those that are read.
_FEW = 0.01
_NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


class ColumnReader:
    """Reads a column of strings by its notation, and counts the entries that it cannot read.

    Args:
        column: Column with its notation, found in this file or in training.
    """

    def __init__(self, column: Column) -> None:
        self.column = column
        #: Counts of the entries that the notation does not read, and the number of those that it reads.
        self.unread: Counter[str] = Counter()
        self.seen = 0

    def read_plain(self, texts: pa.ChunkedArray) -> pa.ChunkedArray | None:
        """Return a block of plain numbers as Arrow numbers; `None` for others, which `read` reads."""
        kind = {"float64": pa.float64(), "int64": pa.int64()}.get(self.column.dtype)
        if kind is None or self.column.kind not in ("number", "boolean") or self.column.notation.dressed:
            return None
        if self.column.notation.missing:
            return None
        values = cast_or_none(nulls(texts), kind)
        if values is None or (values.null_count and kind == pa.int64()):
            return None
        if self.column.kind == "boolean" and not pc.all(pc.is_in(values, pa.array([0, 1], kind))).as_py():
            return None
        self.seen += len(values) - values.null_count
        return values

    def read(self, texts: pa.ChunkedArray) -> pd.Series:
        """Return a block as a Series of the column's type. Entries that cannot be read are missing."""
        column = self.column
        if column.kind == "empty":
            return pd.Series([None] * len(texts), dtype=column.dtype if column.dtype == "str" else "float64")
        known = nulls(texts, (*STAND_INS, *column.notation.missing))
        if column.kind == "category":
            return with_dtype(as_known(known, column).to_pandas(), column.dtype)
        values = column.notation.parse(known)
        self.seen += len(values) - values.null_count
        if values.null_count > known.null_count:
            unread = known.filter(pc.and_(pc.is_null(values), pc.is_valid(known)))
            gone = getattr(column.notation, "missing_numbers", ())
            for one in pc.value_counts(unread).to_pylist():
                if not (gone and value_of(column.notation, one["values"]) in gone):
                    self.unread[one["values"]] += one["counts"]
        return with_dtype(pd.Series(values.to_pandas(types_mapper=_NULLABLE.get)), column.dtype)

    def contradiction(self) -> str:
        """Return an entry of the kind of the column that is written in another way; empty if there is none.

        If no entry at all can be read, it is the most frequent one. A few entries among many do not
        contradict the notation: they are faults, and count as missing.
        """
        if not self.unread or self.unread.total() <= _FEW * self.seen:
            return ""
        if not self.seen:
            return self.unread.most_common(1)[0][0]
        return next((one for one in sorted(self.unread)[:TRIED] if _kind(one) == self.column.kind), "")


def _kind(entry: str) -> str:
    """Return the kind of a single entry."""
    finder = ColumnFinder("")
    texts = notations.chunked([entry])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        finder.see(texts)
        finder.look(texts)
        try:
            return finder.found().kind
        except ValueError:
            return "number"
