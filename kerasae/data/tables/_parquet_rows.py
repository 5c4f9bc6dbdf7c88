"""The rows of a Parquet file: typed columns, and strings read as those of the training were."""

import pandas as pd
import pyarrow as pa

from kerasae.data._columns.arrow_finder import ArrowFinder, check_type, is_text
from kerasae.data._columns.column_reader import ColumnReader
from kerasae.data._columns.dtypes import with_dtype
from kerasae.data._columns.unread import check_written_alike, warn_of_unread
from kerasae.data._files.parquet_file import ParquetFile
from kerasae.data.tables._selection import Selection
from kerasae.data.tables._typed_rows import Blocks, TypedRows
from kerasae.notations import chunked, trim
from kerasae.preprocessing import column_values, plain
from kerasae.spec import Column


def parquet_rows(source: ParquetFile, selection: Selection) -> TypedRows:
    """Find the number of rows and the columns of a Parquet file, and return its rows.

    Raises:
        ValueError: for a type that is no number, boolean, date or text; when the rows are read, if a column
            is written in another way than in the training.
    """
    types = {name: source.schema.field(name).type for name in selection.features}
    for name, arrow in types.items():
        check_type(source.path, name, arrow)
    if selection.known is None:
        finders = {
            name: ArrowFinder(name, arrow, selection.types.get(name), selection.missing[name])
            for name, arrow in types.items()
        }
        rows = 0
        for block in source.blocks():
            rows += len(block)
            for name, finder in finders.items():
                finder.see(block[name])
        columns = [finder.found() for finder in finders.values()]
    else:
        rows, columns = sum(len(block) for block in source.blocks()), selection.known_columns()
    # A column of strings in a new file is read by the notation of the training.
    readers = {
        column.name: ColumnReader(column)
        for column in columns
        if selection.known is not None and _read_as_text(types[column.name], column)
    }

    def values(block: pa.Table, column: Column) -> pd.Series:
        if column.name in readers:
            return readers[column.name].read(_texts(block[column.name]))
        series = block[column.name].to_pandas(integer_object_nulls=True)
        if selection.known is not None:
            series = _of_kind(series, column)
        series = with_dtype(series, column.dtype)
        gone = column.notation.missing_numbers if column.kind == "number" else ()
        return with_dtype(series.mask(series.isin(gone)), column.dtype) if gone else series

    def read() -> Blocks:
        for block in source.blocks():
            features = pd.DataFrame({column.name: values(block, column) for column in columns})
            yield selection.with_ids_and_labels(features, block)
        check_written_alike(readers.values(), source.path)
        warn_of_unread(readers.values(), "of the kind of the training")

    return TypedRows(rows, columns, read)


def _read_as_text(arrow: pa.DataType, column: Column) -> bool:
    """Return whether entries of a new file are read like the strings of a CSV file."""
    if column.kind == "category":
        # Whole numbers among categories may be written in another way than in training.
        return column.dtype == "str" and bool(pa.types.is_floating(arrow))
    return is_text(arrow)


def _texts(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_floating(values.type):
        return chunked([None if value is None else str(value) for value in values.to_pylist()])
    return trim(values.cast(pa.string()))


def _of_kind(series: pd.Series, column: Column) -> pd.Series:
    """Return the values of a new file, unless a cast would change their kind.

    Raises:
        ValueError: if the values are of another kind than the column.
    """
    if column.kind in ("category", "empty"):
        return series
    series = plain(series)
    if column.kind != "number" or series.dtype.kind not in "iuf":
        column_values(series, column)
    return series
