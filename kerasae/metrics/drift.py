"""Drift: whether new rows have the distribution of reference rows, column by column."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

#: Smallest expected count of a category in the chi-squared test; rarer categories are tested together
#: (Cochran 1954, *Biometrics* 10(4)).
_LEAST_EXPECTED = 5.0
#: Number of reference rows and of new rows that a test needs to say anything.
_LEAST_ROWS = 8


@dataclasses.dataclass(frozen=True)
class Shift:
    """Comparison of one quantity between reference rows and new rows.

    Args:
        name: Name of the quantity, such as that of a column.
        test: Name of the test.
        distance: Distance between the two distributions, in [0, 1]: the largest difference of the cumulative
            distributions of numbers, half the sum of the differences of the shares of categories.
        p_value: p-value of the test, if the distributions are equal.
        adjusted: p-value after the correction for all tests of a comparison. Defaults to `None`, before it.
    """

    name: str
    test: str
    distance: float
    p_value: float
    adjusted: float | None = None

    def is_drift(self, significance: float, smallest: float) -> bool:
        """Return whether the shift is significant, and at least as large as the smallest that counts."""
        p_value = self.p_value if self.adjusted is None else self.adjusted
        return p_value < significance and self.distance >= smallest


def shift_of(name: str, reference: pd.Series, new: pd.Series) -> list[Shift]:
    """Compare one column between reference rows and new rows.

    Numbers are compared by the two-sample Kolmogorov-Smirnov test, all other values by Pearson's chi-squared
    test of independence. If either sample has missing entries, their share is compared by Fisher's exact
    test, as a quantity of its own. All tests take the rows to be independent.

    Args:
        name: Name of the column.
        reference: Values of the reference rows. NaN stands for a missing entry.
        new: Values of the new rows.

    Returns:
        One or two shifts. None if a sample has fewer than 8 values.

    Reference: Massey 1951, *Journal of the American Statistical Association* 46(253); Pearson 1900.
    """
    shifts = []
    gaps = int(reference.isna().sum()), int(new.isna().sum())
    if any(gaps):
        shifts.append(_gaps(name, gaps, (len(reference), len(new))))
    present, new_present = reference.dropna(), new.dropna()
    if min(len(present), len(new_present)) < _LEAST_ROWS:
        return shifts
    compare = _numbers if holds_numbers(reference) else _categories
    return [compare(name, present, new_present), *shifts]


def holds_numbers(values: pd.Series) -> bool:
    """Return whether a column holds quantities; otherwise it holds categories, as booleans are."""
    kind = values.dtype
    return pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)


def corrected(shifts: Sequence[Shift]) -> list[Shift]:
    """Return shifts with p-values that are adjusted for the number of tests.

    The probability that one or more of them is below `a` is at most `a` if nothing has drifted, for any
    dependence between the tests.

    Reference: Holm 1979, *Scandinavian Journal of Statistics* 6(2).
    """
    p_values = np.array([shift.p_value for shift in shifts])
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(shifts), 0, -1)
    adjusted = np.empty(len(shifts))
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return [
        dataclasses.replace(shift, adjusted=float(value))
        for shift, value in zip(shifts, adjusted, strict=True)
    ]


def _numbers(name: str, reference: pd.Series, new: pd.Series) -> Shift:
    result = stats.ks_2samp(reference.to_numpy("float64"), new.to_numpy("float64"))
    return Shift(name, "Kolmogorov-Smirnov", float(result.statistic), float(result.pvalue))


def _categories(name: str, reference: pd.Series, new: pd.Series) -> Shift:
    counts = pd.concat([reference.astype(str).value_counts(), new.astype(str).value_counts()], axis=1)
    table = counts.fillna(0).to_numpy("float64")
    shares = table / table.sum(axis=0)
    distance = float(np.abs(shares[:, 0] - shares[:, 1]).sum() / 2)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    rare = expected.min(axis=1) < _LEAST_EXPECTED
    if rare.any():
        table = np.vstack([table[~rare], table[rare].sum(axis=0)])
    p_value = 1.0 if len(table) < 2 else float(stats.chi2_contingency(table, correction=False).pvalue)
    return Shift(name, "chi-squared", distance, p_value)


def _gaps(name: str, gaps: tuple[int, int], rows: tuple[int, int]) -> Shift:
    table = [[gap, count - gap] for gap, count in zip(gaps, rows, strict=True)]
    distance = abs(gaps[0] / max(rows[0], 1) - gaps[1] / max(rows[1], 1))
    return Shift(f"{name} (missing)", "Fisher", distance, float(stats.fisher_exact(table).pvalue))
