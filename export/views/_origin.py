"""origins: where a device counts numbers from that float32 would round."""

from typing import Any

import numpy as np

#: How many times its spread a number must be from 0 to be counted from nearby.
_FAR = 1000.0


def origins(center: Any, scale: Any) -> np.ndarray:
    """Return the whole number near each center that is far from 0 for its scale, float64, otherwise 0.

    Args:
        center: Typical number of each feature, in raw units.
        scale: Spread of each feature, in raw units.
    """
    center, scale = np.asarray(center, "float64"), np.asarray(scale, "float64")
    return np.where(np.abs(center) > _FAR * scale, np.round(center), 0.0)
