"""Statistics of all columns of a table, from the training rows."""

import dataclasses
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np

from kerasae.preprocessing._evidence import gap_evidence
from kerasae.preprocessing._gross import warn_of_gross
from kerasae.preprocessing.table._statistics import ColumnStatistics
from kerasae.spec import Column

#: Training rows part by part, each as a dict from the name of a column to its entries.
Parts = Callable[[], Iterable[Mapping[str, np.ndarray]]]


def column_statistics(columns: Sequence[Column], parts: Parts, *, robust: bool) -> list[ColumnStatistics]:
    """Return the statistics of each column, with gross errors left out of its moments.

    The rows are read once, and twice more if a column may have gross errors.

    Args:
        columns: Columns of the table.
        parts: Function that reads the training rows from the beginning.
        robust: Whether medians and quartiles are computed.
    """
    statistics = [ColumnStatistics(column, robust) for column in columns]
    for part in parts():
        for one in statistics:
            one.see(part[one.column.name])
    _leave_out_gross(statistics, parts)
    return statistics


def fitted_columns(statistics: Sequence[ColumnStatistics], max_categories: int) -> tuple[Column, ...]:
    """Return the columns with their categories and the evidence of gaps and unseen values.

    Warns:
        UserWarning: if a column has no values, or different values in most rows.
    """
    columns = [one.fitted(max_categories) for one in statistics]
    rows = statistics[0].missing + statistics[0].rows
    gaps = gap_evidence([one.missing for one in statistics], rows)
    for one, column in zip(statistics, columns, strict=True):
        _warn_of_useless(one, column)
    return tuple(
        dataclasses.replace(column, gap=float(gap), stand_in=one.stand_in())
        for column, gap, one in zip(columns, gaps, statistics, strict=True)
    )


def _leave_out_gross(statistics: Sequence[ColumnStatistics], parts: Parts) -> None:
    """Find the columns with gross errors, and compute their moments without these errors."""
    suspects = {one.column.name: one.suspect() for one in statistics if one.may_be_gross()}
    for name, values in _entries(parts, suspects):
        suspects[name].see(values[~np.isnan(values)])
    bounds = {name: bound for name, one in suspects.items() if (bound := one.bounds()) is not None}
    again = {one.column.name: one for one in statistics if one.column.name in bounds}
    for name, one in again.items():
        one.leave_out(bounds[name])
    for name, values in _entries(parts, again):
        again[name].see(values)
    warn_of_gross({f"column '{name}'": bound for name, bound in bounds.items()})


def _entries(parts: Parts, names: Collection[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Give the entries of some columns, part by part."""
    for part in parts() if names else ():
        yield from ((name, part[name]) for name in names)


def _warn_of_useless(statistics: ColumnStatistics, column: Column) -> None:
    if column.kind == "empty":
        warnings.warn(
            f"Column '{column.name}' has no value in the training rows: the model does without it, and it "
            "comes back empty.",
            stacklevel=2,
        )
    elif statistics.nearly_unique(column):
        warnings.warn(
            f"Column '{column.name}' has a value of its own in most rows, of which {len(column.categories)} "
            f"are kept: if it is an id, name it with --id {column.name}.",
            stacklevel=2,
        )
