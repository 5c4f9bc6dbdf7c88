"""Labels of rows: which are normal, and which rows have none."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from kerasae.data import Data, Examples, has_label
from kerasae.kinds import take


def same_label(labels: np.ndarray, wanted: str | int | float | bool) -> np.ndarray:
    """Return which labels equal the one a user wrote, `(rows,)`: 1 is 1.0, and true is True, "true" and 1."""
    text = str(wanted).strip()
    if labels.dtype.kind in "biuf":
        truth = {"true": 1.0, "false": 0.0}.get(text.lower())
        try:
            return np.asarray(labels.astype("float64") == (float(text) if truth is None else truth))
        except ValueError:
            return np.zeros(len(labels), bool)
    texts = labels.astype(str)
    if text.lower() in ("true", "false"):
        if {*np.unique(texts)} <= {"0", "1", ""}:
            # Truth values with gaps.
            text = str(int(text.lower() == "true"))
        return np.char.lower(texts) == text.lower()
    if isinstance(wanted, int | float):
        # A column of whole numbers with gaps holds texts.
        return pd.to_numeric(pd.Series(texts), errors="coerce").to_numpy() == float(wanted)
    return np.asarray(texts == text)


def unlabelled(known: np.ndarray) -> list[tuple[bool, str]]:
    """Return the sentence to add if only some of the rows have a label."""
    if known.all() or not known.any():
        return []
    return [
        (
            False,
            f"{int((~known).sum()):,} of {len(known):,} rows have no label; AUROC, average precision, "
            "recall, precision and false alarms leave them out.",
        )
    ]


def needed(labels: np.ndarray | None) -> np.ndarray:
    if labels is None:
        raise ValueError("`normal` names a label, but the rows have none; train with --labels COLUMN.")
    return labels


def has_normal(rows: Examples, normal: str | int | float | bool | None) -> bool:
    """Return whether some rows have the label of normal rows; `None` for all rows."""
    return len(rows) > 0 and (normal is None or bool(same_label(needed(rows.labels), normal).any()))


def only_normal(rows: Examples, normal: str | int | float | bool | None) -> Examples:
    """Return the rows of a split that have the label of normal rows; all of them for `None`."""
    return rows if normal is None else rows.rows(np.flatnonzero(same_label(needed(rows.labels), normal)))


def normal_rows(
    data: Data, split: str, normal: str | int | float | bool | None, usual: bool = False
) -> Iterator[Any]:
    """Yield the raw rows of a split that are normal, part by part.

    Args:
        data: Data with the split.
        split: Name of the split.
        normal: Label of the normal rows; `None` for all rows.
        usual: Whether rows with gross errors are left out, because one of them would dominate any moment.
            Defaults to False.

    Raises:
        ValueError: If no row has this label.
    """
    labels = data.split(split).labels
    start, any_row = 0, False
    for raw in data.split(split).chunks():
        chosen = np.ones(len(raw), bool)
        if normal is not None:
            chosen = same_label(needed(labels)[start : start + len(raw)], normal)
        start += len(raw)
        if usual:
            chosen &= data.usual(raw)
        if chosen.any():
            any_row = True
            yield take(raw, chosen)
    if not any_row:
        raise ValueError(f"Expected rows with the label {normal!r} in the {split} split, found none.")


def usual_label(labels: np.ndarray | None) -> Any:
    """Return the more frequent of two labels, a plain value; `None` if there are not two.

    Args:
        labels: Labels of the training rows, `(rows,)`, or `None`.
    """
    if labels is None:
        return None
    kinds, counts = np.unique(labels[has_label(labels)], return_counts=True)
    return kinds[1 - counts.argmin()].item() if len(kinds) == 2 else None


def anomalous(labels: np.ndarray, normal: Any, usual: Any = None) -> np.ndarray:
    """Return whether labels are those of anomalies, `(rows,)`, bool; False for a row without a label.

    Args:
        labels: Labels of the rows.
        normal: Label of the normal rows. `None` takes the more frequent one of two labels.
        usual: The more frequent label of the training, which counts as normal if `normal` is `None`. Defaults
            to `None`, if the training does not tell: that of these rows.
    """
    known = has_label(labels)
    usual = usual_label(labels) if usual is None else usual
    normal = usual if normal is None else normal
    return np.zeros(len(labels), bool) if normal is None else known & ~same_label(labels, normal)
