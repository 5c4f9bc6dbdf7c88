"""The log of a machine that swings, made by a seed."""

import numpy as np
import pandas as pd

from kerasae.data import Data
from kerasae.data.series import from_frame


def waves(
    *,
    rows: int = 900,
    window: int = 12,
    validation: float = 0.1,
    calibration: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """Windows of two channels, of which one follows the other; it is loose near the end, as the label says.

    Args:
        rows: Number of rows of the log, one a second. Defaults to 900.
        window: Number of steps of a window. Defaults to 12.
        validation: Share of the validation split in the rows that the test split leaves. Defaults to 0.1.
        calibration: Share of the calibration split in these rows. Defaults to 0.1.
        test: Share of the test split in all rows. Defaults to 0.2.
        seed: Seed of the noise. Defaults to 0.
    """
    rng = np.random.default_rng(seed)
    load = np.sin(2 * np.pi * np.arange(rows) / 30) + 0.05 * rng.normal(size=rows)
    arm = 2 * load + 0.05 * rng.normal(size=rows)
    loose = np.arange(rows) >= rows - 30
    arm[loose] = 3 * rng.normal(size=loose.sum())
    frame = pd.DataFrame({"load": load, "arm": arm, "loose": loose})
    frame.insert(0, "time", pd.date_range("2026-01-01", periods=rows, freq="s"))
    return from_frame(
        frame,
        time="time",
        labels="loose",
        window=window,
        validation=validation,
        calibration=calibration,
        test=test,
        seed=seed,
    )
