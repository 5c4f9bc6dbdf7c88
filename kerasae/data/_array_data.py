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
    validation_examples: Split | None = None,
    calibration_examples: Split | None = None,
    test_examples: Split | None = None,
    validation: float = 0.1,
    calibration: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """Data from rows, with the splits that are missing drawn by a seed.

    Args:
        name: of the source.
        spec: what one example is.
        examples: raw rows, to train on and to draw missing splits from.
        labels: of the rows, or `None`.
        validation_examples: a validation split of its own, or `None` to draw one.
        calibration_examples: a calibration split of its own, or `None` to draw one.
        test_examples: a test split of its own, or `None` to draw one.
        validation: share of the rows left by the test split, in (0, 1).
        calibration: share of the rows left by the test split, in [0, 1); 0 for no such rows.
        test: share of all rows, in (0, 1); 1 for all rows, in their order.
        seed: of the draw.

    Raises:
        ValueError: for a share out of range, or too few rows.
    """
    if labels is not None and len(labels) != len(examples):
        raise ValueError(f"Expected a label for each of the {len(examples)} rows, received {len(labels)}.")
    own = {"validation": validation_examples, "calibration": calibration_examples, "test": test_examples}
    given = {key: split for key, split in own.items() if split is not None}
    drawn = draw_splits(len(examples), validation, calibration, test, seed, given=given)
    everything = Split(examples, labels)
    splits: dict[str, Any] = {**{key: everything.rows(part) for key, part in drawn.items()}, **given}
    return Data(name, spec, **splits)


def check_examples(array: np.ndarray, where: str, least: int = 2) -> np.ndarray:
    """The array if a network can be trained on it.

    Args:
        array: of examples.
        where: they are, for the error.
        least: rows that there must be.

    Raises:
        TypeError: for objects or strings.
        ValueError: for too few rows, no features, NaN or infinity.
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
    """The spec of raw rows: 8-bit and boolean arrays have a known range, others have none."""
    low, high = {"uint8": (0.0, 255.0), "bool": (0.0, 1.0)}.get(str(array.dtype), (None, None))
    shape = array.shape[1:]
    if array.ndim == 3:
        shape = (*shape, 1)
    kind = "image" if array.ndim in (3, 4) else "vector"
    return Spec(kind, tuple(int(n) for n in shape), str(array.dtype), low, high)
