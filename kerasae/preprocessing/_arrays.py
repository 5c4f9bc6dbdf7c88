"""array_tensors: images and vectors as the input of a graph."""

import warnings
from typing import Any

import numpy as np

from kerasae.spec import Spec


def array_tensors(raw: Any, spec: Spec) -> np.ndarray:
    """Return images or vectors as an array, `(rows, ...)`.

    Args:
        raw: Examples. The dimension of one channel may be missing.
        spec: Description of one example.

    Raises:
        ValueError: If the examples are not of this spec.

    Warns:
        UserWarning: If images of 8 bits come as numbers from 0 to 1.
    """
    array = np.asarray(raw)
    if (*array.shape[1:], 1) == spec.shape:
        array = array[..., None]
    if array.dtype.kind not in "biuf" or array.shape[1:] != spec.shape:
        raise ValueError(
            f"Expected examples of shape {('rows', *spec.shape)}, received "
            f"{array.dtype} of shape {array.shape}.".replace("'", "")
        )
    if spec.high == 255 and array.dtype.kind == "f" and array.size and array.max() <= 1:
        warnings.warn(
            "Expected raw images with values from 0 to 255, received floating point up to "
            f"{array.max():g}: the model scales its input itself.",
            stacklevel=3,
        )
    return array
