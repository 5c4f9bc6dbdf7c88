"""Labels of rows: which are normal, and which rows have none."""

import numpy as np
import pandas as pd


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
