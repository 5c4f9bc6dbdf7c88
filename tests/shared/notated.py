"""Entries of columns in many notations."""

from kerasae.data._columns.column_finder import ColumnFinder
from kerasae.data._columns.column_reader import ColumnReader
from kerasae.notations import chunked


def found(entries, comma=True, **arguments):
    finder = ColumnFinder("c", **arguments)
    finder.see(chunked(entries))
    finder.look(chunked(entries))
    return finder.found(finder.mark() or ("." if comma else ""))


def read_and_written(column, entries):
    values = ColumnReader(column).read(chunked(entries))
    return [*values], [*column.notation.format(values)]
