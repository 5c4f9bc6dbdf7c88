"""origins: the numbers from which a device counts features that float32 would round."""

from typing import Any

import numpy as np

#: Distance from 0, in units of its spread, from which on a feature is counted from an origin.
_FAR = 1000.0


def origins(center: Any, scale: Any) -> np.ndarray:
    """Return an origin for each feature: the nearest whole number if the centre is far from 0, otherwise 0.

    Args:
        center: Typical number of each feature, in raw units.
        scale: Spread of each feature, in raw units.

    Returns:
        Origins in raw units, float64, of the shape of `center`.
    """
    center, scale = np.asarray(center, "float64"), np.asarray(scale, "float64")
    return np.where(np.abs(center) > _FAR * scale, np.round(center), 0.0)
