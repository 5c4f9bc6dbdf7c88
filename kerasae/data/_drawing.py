"""The draw of splits: which row goes to which split, by a seed."""

from collections.abc import Collection

import numpy as np

#: The splits, in the order of their use: to train, to choose, to promise, to report.
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
    """Draw the numbers of the rows of each split: `train` in order, the others as they were drawn.

    The test split is drawn first, then the validation split, then the calibration split. So each split stays
    the same if the shares of later ones change. If there are few rows, the calibration split may be empty:
    its share is rounded, and half a row counts as none.

    Args:
        rows: Number of rows to divide.
        validation: Share of the validation split in the rows that the test split leaves, in (0, 1).
        calibration: Share of the calibration split in the rows that the test split leaves, in [0, 1). No rows
            if it is 0.
        test: Share of the test split in all rows, in (0, 1). If it is 1, the test split holds all rows in
            their order, and the other splits are empty.
        seed: Seed of the draw.
        given: Names of splits that exist already and are not drawn. Defaults to none.
        where: Place of the rows, for the error. Defaults to an empty text.

    Raises:
        ValueError: if a share is out of range, or if there are too few rows.
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
    # `permutation(rows)` draws the same numbers, with twice the memory. There may be millions of rows.
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
