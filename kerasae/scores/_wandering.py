"""growth: how far a feature of a log wanders beyond the log."""

import numpy as np

#: Number of lags of a variogram.
_LAGS = 12


def growth(values: np.ndarray, shortest: int, horizon: float) -> np.ndarray:
    """Return the factor by which the variance of each feature grows after the log, `(features,)`, from 1.

    The mean squared difference of two values, as a function of their distance in time, is a power law for
    many processes. Its slope on log axes is 0 for white noise and 1 for a random walk. It is known to about a
    quarter of the log, and is continued from there to `horizon` times the log.

    Args:
        values: Values in the order of time, evenly spaced, `(times, features)`.
        shortest: Shortest lag, from which on two values share no reading.
        horizon: Length of the future, in lengths of the log.

    Reference: Matheron 1963, *Economic Geology* 58(8).
    """
    longest = len(values) // 2
    if longest <= shortest:
        return np.ones(values.shape[1])
    lags = np.unique(np.geomspace(shortest, longest, _LAGS).astype(int))
    squares = np.array([np.square(values[lag:] - values[:-lag]).mean(axis=0) for lag in lags])
    x = np.log(lags) - np.log(lags).mean()
    slope = np.clip(x @ np.log(squares + 1e-18) / max(x @ x, 1e-12), 0, 2)
    return np.asarray(np.maximum(4 * horizon, 1.0) ** slope)
