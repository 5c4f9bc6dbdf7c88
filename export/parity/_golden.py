"""Golden answers: cases as the arrays of `golden.npz`."""

from collections.abc import Sequence

import numpy as np
from kerasae.export.parity._cases import Case


def golden_arrays(group: str, cases: dict[str, Case], rows: int) -> dict[str, np.ndarray]:
    """Return the first rows of cases as arrays for `golden.npz`; `read_golden` reads them."""
    arrays_by_name: dict[str, np.ndarray] = {}
    for signature, case in cases.items():
        for side, arrays in (("in", case.sent), ("out", case.expected)):
            for name, array in arrays.items():
                arrays_by_name |= _stored(f"{group}:{signature}:{side}:{name}", comparable(array[:rows]))
    return arrays_by_name


def _stored(key: str, array: np.ndarray) -> dict[str, np.ndarray]:
    if array.dtype != object:
        return {key: array}
    # Without pickle NumPy stores only strings of a fixed length, and drops NUL at their end.
    texts: Sequence[bytes] = array.ravel().tolist()
    return {
        f"{key}|bytes": np.frombuffer(b"".join(texts), "uint8"),
        f"{key}|lengths": np.array([len(text) for text in texts], "int64").reshape(array.shape),
    }


def comparable(values: np.ndarray) -> np.ndarray:
    """Return strings as bytes, as a graph gives them; numbers as they are."""
    values = np.asarray(values)
    if values.dtype.kind not in "OUS":
        return values
    return np.array([v.encode() if isinstance(v, str) else v for v in values.ravel()], dtype=object).reshape(
        values.shape
    )
