"""Names of columns: as texts, as keys of inputs, and as those that a table must have."""

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from kerasae.preprocessing._arrow_frames import as_frame
from kerasae.registry import did_you_mean


def named_by_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose columns have texts as names, instead of numbers or several levels of names.

    Raises:
        ValueError: if a name stands for more than one column.
    """
    names = pd.Index([str(name) for name in frame.columns], dtype=object)
    repeated = names[names.duplicated()]
    if len(repeated):
        raise ValueError(f"Expected a name of its own for each column, received '{repeated[0]}' twice.")
    return frame.set_axis(names, axis=1)


def column_keys(names: Sequence[str], taken: Sequence[str] = ()) -> dict[str, str]:
    """Return a unique key for each column that Keras and TensorFlow accept as the name of an input.

    Args:
        names: Names of the columns.
        taken: Keys that are in use already. Defaults to none.
    """
    keys: dict[str, str] = {}
    used = {key.lower() for key in taken}
    for name in names:
        key = re.sub(r"[^A-Za-z0-9_]", "_", name)
        key = key if re.match(r"[A-Za-z]", key) else f"column_{key}"
        # For Keras, names that differ only in case are the same.
        while key.lower() in used:
            key += "_"
        used.add(key.lower())
        keys[name] = key
    return keys


def with_columns(raw: Any, names: Sequence[str]) -> Any:
    """Return a table whose columns have texts as names, if it has all columns of the training.

    Args:
        raw: Data frame of pandas, table with Arrow columns, or dict from the name of a column to its entries.
        names: Names of the columns of the training.

    Raises:
        TypeError: if `raw` is no table.
        ValueError: if a column is missing.

    Warns:
        UserWarning: if there are columns that the training did not have.
    """
    raw = as_frame(raw)
    if not isinstance(raw, pd.DataFrame | Mapping):
        raise TypeError(
            f"Expected a DataFrame, or a dict of columns, received {type(raw).__name__}; its columns "
            f"are {_listed(names)}."
        )
    if isinstance(raw, pd.DataFrame):
        raw = named_by_text(raw)
    missing = [name for name in names if name not in raw]
    if missing:
        here = [str(name) for name in raw]
        raise ValueError(
            f"Expected the columns of the training, received a table without {_listed(missing)}; "
            f"{did_you_mean(missing[0], here)}"
        )
    known = set(names)
    extra = [str(name) for name in raw if name not in known]
    if extra:
        warnings.warn(f"Columns that the training did not have are ignored: {_listed(extra)}.", stacklevel=3)
    return raw


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:8])
    return shown + (f" and {len(names) - 8} more" if len(names) > 8 else "")
