"""Values as text, for tables, pages and sentences."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd


class Best(str):
    """A cell of a table that is the best of its column. It is shown in bold."""

    best = True


def as_text(value: Any, digits: int = 4) -> str:
    """Return a value as text.

    Integers stay unchanged, because many are names or years. Other numbers have `digits` significant digits,
    or all digits before the point, and an exponent only if needed. A date at midnight has no time. A missing
    value is "–".

    Args:
        value: Value of any type.
        digits: Number of significant digits. Defaults to 4.

    Example:
        >>> as_text(797413.2), as_text(0.12345), as_text(None)
        ('797,413', '0.1235', '–')
    """
    if value is None or pd.isna(value):
        return "–"
    if isinstance(value, float | np.floating):
        # What is rounded to nothing from below would be -0.
        number = float(value) + 0.0
        plain = 10.0**digits <= abs(number) < 1e15
        return f"{number:,.0f}" if plain else f"{number:.{digits}g}"
    return str(value).removesuffix(" 00:00:00")


def _significant(number: float, digits: int) -> str:
    return f"{number:.{digits}g}"


def with_error(
    value: float, error: float, form: Callable[[float, int], str] = _significant, digits: int = 2
) -> str:
    """Return a difference and its standard error as text, such as "0.25 ± 0.12".

    Both have more digits if it takes more to see on which side of two standard errors the difference is.

    Args:
        value: Size of the difference, at least 0.
        error: Standard error of the difference.
        form: Function from a number and its digits to a text that `float` reads. Defaults to significant
            digits.
        digits: Smallest number of digits. Defaults to 2.

    Example:
        >>> with_error(0.25, 0.12), with_error(0.2451, 0.1232)
        ('0.25 ± 0.12', '0.245 ± 0.123')
    """
    for count in range(digits, digits + 16):
        texts = form(value, count), form(error, count)
        if (float(texts[0]) > 2 * float(texts[1])) == (value > 2 * error):
            break
    return " ± ".join(texts)
