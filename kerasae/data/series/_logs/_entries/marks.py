"""Marks: labels and splits of rows, as codes."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from kerasae.data._labels import has_label, labels_of, tidy_labels

#: Words for the splits, as places in `log.SPLITS`.
_WORDS = {
    **dict.fromkeys(("train", "training"), 0),
    **dict.fromkeys(("validation", "valid", "val"), 1),
    **dict.fromkeys(("calibration", "calib", "cal"), 2),
    **dict.fromkeys(("test", "testing"), 3),
}


class LabelCodes:
    """Labels as codes in the order in which they come, and the labels of the codes at the end."""

    def __init__(self) -> None:
        self._codes: dict[Any, int] = {}
        self._rows: Counter[int] = Counter()

    def codes(self, column: pa.ChunkedArray) -> np.ndarray:
        """Return the codes of a column of labels, `(rows,)`, int32."""
        labels = labels_of(column)
        places, distinct = pd.factorize(labels, use_na_sentinel=False)
        keys = [None if pd.isna(one) else one for one in distinct]
        codes = [self._codes.setdefault(key, len(self._codes)) for key in keys]
        for code, count in zip(codes, np.bincount(places, minlength=len(codes)).tolist(), strict=True):
            self._rows[code] += count
        return np.array(codes, "int32")[places]

    def missing(self, count: int) -> np.ndarray:
        """Return codes of rows without a label."""
        return np.full(count, self._codes.setdefault(None, len(self._codes)), "int32")

    def found(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the rank of each code, and the label of each rank.

        A missing label has the lowest rank, and the rarest label the highest. The larger of two labels that
        are equally rare ranks higher, and so does the larger of two quantities.
        """
        tidy = tidy_labels(np.array([*self._codes], dtype=object))
        there = has_label(tidy)
        labels, ranks = np.unique(tidy[there], return_inverse=True)
        if labels.dtype.kind != "f":
            rows = np.array([self._rows[code] for code in np.flatnonzero(there).tolist()], int)
            order = np.argsort(-np.bincount(ranks, rows, len(labels)), kind="stable")
            labels, ranks = labels[order], np.argsort(order)[ranks]
        places = np.zeros(len(tidy), "int32")
        places[there] = ranks + int(not there.all())
        if not there.all():
            labels = np.concatenate([tidy[~there][:1], labels])
        if labels.dtype.kind == "U":
            labels = np.array(labels.tolist())
        if labels.dtype.kind == "i":
            labels = labels.astype(np.min_scalar_type(-1 - int(np.abs(labels).max(initial=0))))
        return places, labels


def split_codes(column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Return the splits of rows as places in `SPLITS`, -1 for none, and which entries name none of them."""
    texts = pd.Series(column.to_pandas()).astype("str").str.strip().str.lower()
    gone = (pd.Series(column.to_pandas()).isna() | (texts == "")).to_numpy(bool)
    codes = texts.map(_WORDS)
    wrong = codes.isna().to_numpy(bool) & ~gone
    return codes.fillna(-1).to_numpy("int32"), wrong


class Codes:
    """Codes of rows, in as few bytes as they need. The memory grows by a byte a row for up to 255 codes.

    Args:
        most: Number of codes.
        signed: Whether there is a code -1.
    """

    def __init__(self, most: int, signed: bool = False) -> None:
        self._dtype = "int8" if signed else np.min_scalar_type(max(most - 1, 0)).name
        self._bytes = bytearray()

    def write(self, codes: np.ndarray) -> None:
        """Add codes."""
        self._bytes += codes.astype(self._dtype).tobytes()

    def array(self) -> np.ndarray:
        """Return all codes."""
        return np.frombuffer(self._bytes, self._dtype)
