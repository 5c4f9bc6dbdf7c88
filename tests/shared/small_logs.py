"""Small logs of sensors in memory."""

import numpy as np
import pandas as pd


def sines(rows=600, period=25, noise=0.05, seed=0, gaps=()):
    """A log of two channels: a sine, and a cosine far from 0. Rows in `gaps` lack the first channel."""
    rng = np.random.default_rng(seed)
    turn = 2 * np.pi * np.arange(rows) / period
    frame = pd.DataFrame(
        {
            "time": pd.date_range("2026-01-01", periods=rows, freq="s"),
            "flow": np.sin(turn) + noise * rng.normal(size=rows),
            "pressure": 100 + 3 * np.cos(turn) + noise * rng.normal(size=rows),
        }
    )
    frame.loc[list(gaps), "flow"] = np.nan
    return frame
