"""What the rows of a cluster have that the other rows have not, column by column."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from kerasae.applications._measures import as_date, as_floats, is_date
from kerasae.report import as_text
from kerasae.report.page import Listing

#: Columns that are named for each cluster, and the least effect that is named: Cohen's "small".
_COLUMNS, _LEAST = 6, 0.2
#: Rows below which a cluster or the rest of the rows has no mean worth a comparison.
_ROWS = 5


@dataclasses.dataclass(frozen=True)
class Difference:
    """How one column differs between the rows of a cluster and all others.

    Args:
        column: its name.
        inside: what it is in the cluster, as text.
        outside: what it is in the other rows, as text.
        effect: Cohen's d of numbers and dates, Cohen's h of the share of a value; positive where the
            cluster has more.
    """

    column: str
    inside: str
    outside: str
    effect: float


def differences(rows: pd.DataFrame, inside: np.ndarray) -> list[Difference]:
    """The columns in which some rows differ from the others, the greatest effect first.

    Args:
        rows: a table.
        inside: which rows are of the cluster, `(rows,)`.

    Reference: Cohen 1988, *Statistical Power Analysis for the Behavioral Sciences*, chapters 2 and 6.
    """
    if min(inside.sum(), (~inside).sum()) < _ROWS:
        return []
    found = [one for name in rows.columns for one in _of_column(str(name), rows[name], inside)]
    return sorted(
        (one for one in found if abs(one.effect) >= _LEAST), key=lambda one: abs(one.effect), reverse=True
    )


def _of_column(name: str, values: pd.Series, inside: np.ndarray) -> list[Difference]:
    if pd.api.types.is_bool_dtype(values.dtype) or not _is_measure(values):
        return _of_shares(name, values, inside)
    numbers = as_floats(values)
    parts = [numbers[where & ~np.isnan(numbers)] for where in (inside, ~inside)]
    gaps = values.isna()
    found = _of_shares(name, gaps.map({True: None, False: ""}), inside) if gaps.any() else []
    if min(map(len, parts)) < _ROWS:
        return found
    spread = np.sqrt(sum(len(part) * part.var() for part in parts) / sum(map(len, parts)))
    difference = parts[0].mean() - parts[1].mean()
    # Without any spread inside the two a difference is as great as can be.
    effect = difference / spread if spread > 0 else np.sign(difference) * np.inf
    texts = [_mean_text(values, part.mean()) for part in parts]
    return [*found, Difference(name, f"mean {texts[0]}", f"mean {texts[1]}", float(effect))]


def _of_shares(name: str, values: pd.Series, inside: np.ndarray) -> list[Difference]:
    """The value whose share differs most; a missing entry is one, and an empty text is none."""
    texts = values.astype(object).where(values.notna(), None).map(as_text).to_numpy(str)
    kinds, codes = np.unique(texts, return_inverse=True)
    shares = np.stack(
        [np.bincount(codes[where], minlength=len(kinds)) / where.sum() for where in (inside, ~inside)]
    )
    effects = 2 * np.subtract(*np.arcsin(np.sqrt(shares)))
    best = int(np.argmax(np.where(kinds == "", -1.0, np.abs(effects))))
    if not kinds[best]:
        return []
    parts = [f"{kinds[best]}: {share:.0%}" for share in shares[:, best]]
    return [Difference(name, parts[0], parts[1], float(effects[best]))]


def _is_measure(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values.dtype) or is_date(values)


def _mean_text(values: pd.Series, mean: float) -> str:
    return as_text(as_date(mean, values)) if is_date(values) else as_text(float(mean), 3)


def typical_rows(rows: pd.DataFrame, found: np.ndarray, clusters: int) -> pd.DataFrame:
    """A row for each cluster: the mean of its numbers and dates, the most frequent of other values."""
    made: dict[str, list[Any]] = {}
    for name in rows.columns:
        values = rows[name]
        made[str(name)] = [_typical(values[found == number]) for number in range(clusters)]
    return pd.DataFrame(made, dtype=object)


def _typical(values: pd.Series) -> Any:
    known = values.dropna()
    if not len(known):
        return None
    if _is_measure(values) and not pd.api.types.is_bool_dtype(values.dtype):
        return known.mean()
    return known.value_counts().index[0]


def show_differences(rows: pd.DataFrame, found: np.ndarray, sizes: np.ndarray) -> Listing:
    """What the rows of each cluster have that the others have not, as a listing of a page."""
    table: list[list[str]] = []
    for number, size in enumerate(sizes):
        named = differences(rows, found == number)[:_COLUMNS]
        head = f"{number}: {size:,} rows"
        if not named:
            table.append([head, "no column differs", "", "", ""])
        for place, one in enumerate(named):
            cells = [one.column, one.inside, one.outside, f"{one.effect:+.2f}"]
            table.append([head if place == 0 else f" {number}", *cells])
    caption = (
        "The columns in which the rows of a cluster differ most from all other rows, the greatest effect "
        "first: of numbers and dates the difference of the means over the deviation inside the two (Cohen's "
        "d), otherwise the value whose share differs most (Cohen's h). From 0.2 on an effect is called "
        "small, from 0.5 medium, from 0.8 large."
    )
    return Listing("What is in the clusters", caption, _HEADINGS, table)


_HEADINGS = ["cluster", "column", "in the cluster", "in the rest", "effect"]
