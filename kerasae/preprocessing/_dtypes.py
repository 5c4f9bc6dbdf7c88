"""to_dtype: numbers in another type."""

import numpy as np


def to_dtype(raw: np.ndarray, name: str) -> np.ndarray:
    """Convert numbers into a type. Integers are rounded and kept in its range."""
    dtype = np.dtype(name)
    if dtype.kind in "iub":
        raw = np.rint(raw)
        if dtype.kind in "iu":
            limits = np.iinfo(dtype)
            # No float equals the greatest integer of 64 bits, so the next float below it is the limit.
            high = float(limits.max)
            raw = np.clip(raw, limits.min, np.nextafter(high, 0) if high > limits.max else high)
    return raw.astype(dtype)
