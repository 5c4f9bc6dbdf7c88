"""Differences between the rows of a cluster and all other rows, column by column."""

import dataclasses

import numpy as np
import pandas as pd

from kerasae.applications._measures import as_date, as_floats, is_date
from kerasae.report import as_text

#: Smallest effect that is named: Cohen's "small".
_LEAST = 0.2
#: Smallest number of rows whose mean is compared.
_ROWS = 5


@dataclasses.dataclass(frozen=True)
class Difference:
    """Difference of one column between the rows of a cluster and all other rows.

    Args:
        column: Name of the column.
        inside: Its mean or most distinctive value in the cluster, as text.
        outside: The same for the other rows, as text.
        effect: Effect size: Cohen's d for numbers and dates, Cohen's h for the share of a value. It is
            positive if the cluster has more.
    """

    column: str
    inside: str
    outside: str
    effect: float


def differences(rows: pd.DataFrame, inside: np.ndarray) -> list[Difference]:
    """Return the columns in which some rows differ from the others, the largest effect first.

    Args:
        rows: Rows of a table.
        inside: Whether each row belongs to the cluster, `(rows,)`.

    Reference: Cohen 1988, *Statistical Power Analysis for the Behavioral Sciences*, chapters 2 and 6.
    """
    if min(inside.sum(), (~inside).sum()) < _ROWS:
        return []
    effects = [effect for name in rows.columns for effect in _of_column(str(name), rows[name], inside)]
    return sorted(
        (effect for effect in effects if abs(effect.effect) >= _LEAST),
        key=lambda effect: abs(effect.effect),
        reverse=True,
    )


def _of_column(name: str, values: pd.Series, inside: np.ndarray) -> list[Difference]:
    if pd.api.types.is_bool_dtype(values.dtype) or not is_measure(values):
        return _of_shares(name, values, inside)
    numbers = as_floats(values)
    parts = [numbers[where & ~np.isnan(numbers)] for where in (inside, ~inside)]
    gaps = values.isna()
    effects = _of_shares(name, gaps.map({True: None, False: ""}), inside) if gaps.any() else []
    if min(map(len, parts)) < _ROWS:
        return effects
    spread = np.sqrt(sum(len(part) * part.var() for part in parts) / sum(map(len, parts)))
    difference = parts[0].mean() - parts[1].mean()
    # Without any spread inside both groups the effect is infinite.
    effect = difference / spread if spread > 0 else np.sign(difference) * np.inf
    texts = [_mean_text(values, part.mean()) for part in parts]
    return [*effects, Difference(name, f"mean {texts[0]}", f"mean {texts[1]}", float(effect))]


def _of_shares(name: str, values: pd.Series, inside: np.ndarray) -> list[Difference]:
    """Return the difference of the value whose share differs most.

    A missing entry counts as a value, an empty text does not.
    """
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


def is_measure(values: pd.Series) -> bool:
    """Return whether a column holds numbers, booleans or dates."""
    return pd.api.types.is_numeric_dtype(values.dtype) or is_date(values)


def _mean_text(values: pd.Series, mean: float) -> str:
    return as_text(as_date(mean, values)) if is_date(values) else as_text(float(mean), 3)
