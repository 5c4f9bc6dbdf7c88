"""Values as text, for tables, pages and sentences."""

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
        number = float(value)
        plain = 10.0**digits <= abs(number) < 1e15
        return f"{number:,.0f}" if plain else f"{number:.{digits}g}"
    return str(value).removesuffix(" 00:00:00")
