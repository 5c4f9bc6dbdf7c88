"""Functions on the rows of raw examples, which are an array or a data frame."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd


def take(raw: Any, rows: Any) -> Any:
    """Return some of the rows, by position.

    Args:
        raw: Raw examples, an array of shape `(rows, ...)` or a data frame.
        rows: Slice, array of positions, or array of booleans.
    """
    return raw.iloc[rows] if isinstance(raw, pd.DataFrame) else raw[rows]


def concatenate(parts: Sequence[Any]) -> Any:
    """Concatenate the rows of parts that are all arrays or all data frames."""
    return pd.concat(parts) if isinstance(parts[0], pd.DataFrame) else np.concatenate(parts)
