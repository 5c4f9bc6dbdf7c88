"""Data from arrays in memory: their check, their spec, their splits."""

from typing import Any

import numpy as np

from kerasae.data._data import Data
from kerasae.data._drawing import draw_splits
from kerasae.data._split import Split
from kerasae.spec import Spec


def make_data(
    name: str,
    spec: Spec,
    examples: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    numbers: np.ndarray | None = None,
    validation_examples: Split | None = None,
    calibration_examples: Split | None = None,
    test_examples: Split | None = None,
    validation: float = 0.1,
    calibration: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """Return data from rows in memory. Splits that are not given are drawn.

    Args:
        name: Name of the source.
        spec: Description of one example.
        examples: Raw rows, to train on and to draw splits from.
        labels: Labels of the rows. Defaults to `None`.
        numbers: Numbers of the rows in their file, from 0. Defaults to `None`, if no row was left out.
        validation_examples: Validation split. Defaults to `None`, which draws it.
        calibration_examples: Calibration split. Defaults to `None`, which draws it.
        test_examples: Test split. Defaults to `None`, which draws it.
        validation: Share of the validation split in the rows that the test split leaves, in (0, 1). Defaults
            to 0.1.
        calibration: Share of the calibration split in the rows that the test split leaves, in [0, 1). No
            rows if it is 0. Defaults to 0.1.
        test: Share of the test split in all rows, in (0, 1). If it is 1, it holds all rows in their order.
            Defaults to 0.2.
        seed: Seed of the draw. Defaults to 0.

    Raises:
        ValueError: if a share is out of range, or if there are too few rows.
    """
    if labels is not None and len(labels) != len(examples):
        raise ValueError(f"Expected a label for each of the {len(examples)} rows, received {len(labels)}.")
    own = {"validation": validation_examples, "calibration": calibration_examples, "test": test_examples}
    given = {key: split for key, split in own.items() if split is not None}
    drawn = draw_splits(len(examples), validation, calibration, test, seed, given=given)
    everything = Split(examples, labels, numbers)
    splits: dict[str, Any] = {**{key: everything.rows(part) for key, part in drawn.items()}, **given}
    return Data(name, spec, **splits)


def check_examples(array: np.ndarray, where: str, least: int = 2) -> np.ndarray:
    """Return an array if a network can be trained on it.

    Args:
        array: Array of examples, `(rows, ...)`.
        where: Place of the examples, for the error.
        least: Smallest number of rows. Defaults to 2.

    Raises:
        TypeError: if the array holds objects or strings.
        ValueError: if it has too few rows or no features, or holds NaN or infinity.
    """
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"Expected real numbers in {where}, received an array of dtype {array.dtype}; convert it "
            "to floats or integers first."
        )
    if array.ndim < 2:
        raise ValueError(
            f"Expected rows of features in {where}, received an array of shape {array.shape}; "
            "reshape it to (rows, features)."
        )
    if len(array) < least or 0 in array.shape:
        raise ValueError(
            f"Expected at least {least} row{'s' * (least > 1)} with features in {where}, received shape "
            f"{array.shape}."
        )
    if array.dtype.kind == "f":
        flat = array.reshape(len(array), -1)
        bad = ~np.isfinite(flat)
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise ValueError(
                f"Expected finite numbers in {where}, received {int(bad.sum())} NaN or infinite "
                f"values, the first at row {row}, column {column} (counted from 0); remove or fill "
                "them."
            )
    return array


def array_spec(array: np.ndarray) -> Spec:
    """Return the spec of raw rows. 8-bit and boolean arrays have a known range; others have none.

    Args:
        array: `(rows, features)`, `(rows, height, width)` or `(rows, height, width, channels)`.

    Raises:
        ValueError: If it has another number of dimensions.
    """
    if array.ndim not in (2, 3, 4):
        raise ValueError(
            "Expected rows, (rows, features) or (rows, height, width[, channels]), received an array of "
            f"shape {array.shape}."
        )
    low, high = {"uint8": (0.0, 255.0), "bool": (0.0, 1.0)}.get(str(array.dtype), (None, None))
    shape = array.shape[1:]
    if array.ndim == 3:
        shape = (*shape, 1)
    kind = "image" if array.ndim in (3, 4) else "vector"
    return Spec(kind, tuple(int(n) for n in shape), str(array.dtype), low, high)
