"""Rows of raw examples, which are an array or a data frame."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd


def take(raw: Any, rows: Any) -> Any:
    """Some of the rows, by position.

    Args:
        raw: Array `(rows, ...)`, or data frame.
        rows: Slice, or array of positions or of booleans.
    """
    return raw.iloc[rows] if isinstance(raw, pd.DataFrame) else raw[rows]


def concatenate(parts: Sequence[Any]) -> Any:
    """The rows of all parts, one part after another; the parts are arrays, or data frames."""
    return pd.concat(parts) if isinstance(parts[0], pd.DataFrame) else np.concatenate(parts)
