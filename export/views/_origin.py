"""origins: the numbers from which a device counts features that float32 would round."""

from typing import Any

import numpy as np

#: Distance from 0, in units of its spread, from which on a feature is counted from an origin.
_FAR = 1000.0
#: Largest number of decimals of an origin. A float64 has no more.
_DECIMALS = 17


def is_far(center: Any, scale: Any) -> np.ndarray:
    """Return whether each feature is so far from 0, relative to its spread, that float32 would round it.

    Args:
        center: Typical number of each feature, in raw units.
        scale: Spread of each feature, in raw units.
    """
    return np.asarray(np.abs(np.asarray(center, "float64")) > _FAR * np.asarray(scale, "float64"))


def origins(center: Any, scale: Any) -> np.ndarray:
    """Return an origin for each feature: a number near its centre if this is far from 0, otherwise 0.

    The origin is the nearest whole number. If this is too far from the centre, it is the nearest number with
    as many decimals as the spread needs, such as 52.52 for 52.52043 with a spread of 1e-5.

    Args:
        center: Typical number of each feature, in raw units.
        scale: Spread of each feature, in raw units.

    Returns:
        Origins in raw units, float64, of the shape of `center`.
    """
    center, scale = np.asarray(center, "float64"), np.asarray(scale, "float64")
    whole = np.round(center)
    decimals = -np.floor(np.log10(np.maximum(_FAR * scale, 10.0**-_DECIMALS)))
    tens = 10.0 ** np.clip(decimals, 0, _DECIMALS)
    near = np.where(is_far(center - whole, scale), np.round(center * tens) / tens, whole)
    return np.where(is_far(center, scale), near, 0.0)
