"""Splits drawn by a seed: which rows go where."""

from collections.abc import Collection

import numpy as np

#: In the order in which a row passes through them: to learn from, to choose by, to promise by, to report.
SPLITS = ("train", "validation", "calibration", "test")


def draw_splits(
    rows: int,
    validation: float,
    calibration: float,
    test: float,
    seed: int,
    *,
    given: Collection[str] = (),
    where: str = "",
) -> dict[str, np.ndarray]:
    """Row numbers by split: `train` in order, the others as they were drawn.

    The test split is drawn first, then the validation split, then the calibration split, so that each
    is the same whatever the shares of those behind it are. Few rows may leave no calibration split: its
    share of them is rounded, and half a row is none.

    Args:
        rows: to divide.
        validation: share of the rows left by the test split, in (0, 1).
        calibration: share of the rows left by the test split, in [0, 1); 0 for none.
        test: share of all rows, in (0, 1); 1 for all rows, in their order, and none in the others.
        seed: of the draw.
        given: splits that there are already, of which none is drawn.
        where: they are, for the error.

    Raises:
        ValueError: for a share out of range, or too few rows.
    """
    if test == 1 and "test" not in given:
        return {key: np.arange(rows if key == "test" else 0) for key in SPLITS}
    for key, share in (("validation", validation), ("test", test)):
        if isinstance(share, bool) or not 0 < share < 1:
            raise ValueError(f"`{key}` must be in (0, 1), a share of the rows; received {share!r}.")
    if isinstance(calibration, bool) or not 0 <= calibration < 1:
        raise ValueError(
            f"`calibration` must be in [0, 1), a share of the rows, or 0 for none; received {calibration!r}."
        )
    # The numbers that `permutation(rows)` draws, in half the memory: there may be millions of rows.
    order = np.arange(rows, dtype="int32" if rows < 2**31 else "int64")
    np.random.default_rng(seed).shuffle(order)
    counts = {"test": max(1, round(test * rows)) if "test" not in given else 0}
    left = rows - counts["test"]
    counts["validation"] = max(1, round(validation * left)) if "validation" not in given else 0
    counts["calibration"] = round(calibration * left) if "calibration" not in given else 0
    if left - min(counts["validation"], 1) < 2:
        raise ValueError(
            f"Expected at least 4 rows for a training, a validation and a test split{where}, received {rows}."
        )
    if left - counts["validation"] - counts["calibration"] < 2:
        raise ValueError(
            f"Expected shares that leave at least 2 of {rows} rows to train on{where}, received "
            f"validation={validation}, calibration={calibration} and test={test}; lower one of them."
        )
    drawn = {}
    for key, count in counts.items():
        drawn[key], order = order[:count], order[count:]
    order.sort()
    return {"train": order, **drawn}
