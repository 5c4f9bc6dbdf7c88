"""The rows of a Parquet file: typed columns, and strings read as those of the training were."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kerasae.data._files.parquet_file import ParquetFile
from kerasae.data._labels import labels_of
from kerasae.data.tables._arrow_types import check_type, typed_column
from kerasae.data.tables._checks import Reader, check_contradiction, warn_of_unread
from kerasae.data.tables._column_finder import ColumnFinder
from kerasae.data.tables._column_reader import ColumnReader
from kerasae.data.tables._dtypes import with_dtype
from kerasae.data.tables._index import index_of
from kerasae.data.tables.columns import column_of
from kerasae.notations import chunked, trim
from kerasae.preprocessing import column_values, plain
from kerasae.spec import Column


def parquet_rows(
    source: ParquetFile,
    used: list[str],
    types: dict[str, Any],
    missing: dict[str, tuple[str, ...]],
    labels: str | None,
    ids: list[str],
    known: Sequence[Column] | None,
) -> tuple[int, list[Column], Reader]:
    """The columns of a file that knows its types."""
    rows = 0
    gaps = dict.fromkeys(used, False)
    bits = dict.fromkeys(used, True)
    #: Columns of times of day, a block each.
    times: dict[str, list[pd.Series]] = {}
    schema = source.schema
    #: Columns of dictionaries without rows, which know their categories.
    empty: dict[str, pd.Series] = {}
    finders = {
        name: ColumnFinder(name, types.get(name), missing[name])
        for name in used
        if pa.types.is_string(schema.field(name).type) or pa.types.is_large_string(schema.field(name).type)
    }
    for name in used:
        check_type(source.path, name, schema.field(name).type)
    for block in source.blocks():
        for name in used:
            if not rows and pa.types.is_dictionary(block[name].type):
                empty[name] = block[name].slice(0, 0).to_pandas()
            gaps[name] |= bool(block[name].null_count)
            if pa.types.is_time(block[name].type):
                times.setdefault(name, []).append(pd.Series(pc.unique(block[name]).to_pandas(), dtype=object))
            if pa.types.is_integer(block[name].type):
                bits[name] &= bool(
                    pc.all(pc.is_in(block[name].drop_null(), pa.array([0, 1], block[name].type))).as_py()
                )
        rows += len(block)
        for name, one in finders.items():
            texts = trim(block[name].drop_null().cast(pa.string()))
            one.see(texts)
            one.look(texts)
    if known is None:
        columns = [
            finders[name].typed("str")
            if name in finders
            else column_of(pd.concat(times[name]).rename(name), types.get(name), missing[name])
            if name in times and types.get(name, "number") == "number"
            else typed_column(
                name,
                schema.field(name).type,
                types.get(name),
                gaps[name],
                bits[name],
                missing[name],
                empty.get(name),
            )
            for name in used
        ]
    else:
        columns = [
            dataclasses.replace(column, notation=column.notation.with_missing(missing[column.name]))
            for column in known
        ]
    # Strings in the place of numbers and dates are read as those of the training were.
    readers = {
        column.name: ColumnReader(column)
        for column in columns
        if known is not None and _is_text(schema.field(column.name).type, column)
    }

    def values(block: pa.Table, column: Column) -> pd.Series:
        if column.name in readers:
            return readers[column.name].read(_texts(block[column.name]))
        found = block[column.name].to_pandas(integer_object_nulls=True)
        series = with_dtype(found if known is None else _of_kind(found, column), column.dtype)
        gone = column.notation.missing_numbers if column.kind == "number" else ()
        return with_dtype(series.mask(series.isin(gone)), column.dtype) if gone else series

    def read() -> Iterator[tuple[pd.DataFrame, np.ndarray | None]]:
        for block in source.blocks():
            frame = pd.DataFrame({column.name: values(block, column) for column in columns})
            if ids:
                frame.index = index_of(block, ids)
            yield frame, None if labels is None else labels_of(block[labels])
        for one in readers.values():
            check_contradiction(one, source.path)
        warn_of_unread(readers, known)

    return rows, columns, read


def _is_text(arrow: pa.DataType, column: Column) -> bool:
    """Whether entries of a new file are read as the strings of a CSV are."""
    if column.kind == "category":
        # Whole numbers among them may be written otherwise than in the training.
        return column.dtype == "str" and pa.types.is_floating(arrow)
    return pa.types.is_string(arrow) or pa.types.is_large_string(arrow)


def _texts(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_floating(values.type):
        return chunked([None if value is None else str(value) for value in values.to_pylist()])
    return trim(values.cast(pa.string()))


def _of_kind(series: pd.Series, column: Column) -> pd.Series:
    """The values of a new file, of which no cast makes a number, a date or a boolean.

    Raises:
        ValueError: for values of another kind than the column.
    """
    if column.kind in ("category", "empty"):
        return series
    series = plain(series)
    if column.kind != "number" or series.dtype.kind not in "iuf":
        column_values(series, column)
    return series
