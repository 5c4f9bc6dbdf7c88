"""How far a channel wanders: the variogram of its window means, and what follows for the future."""

import numpy as np

from .stretches import cut

#: The readings to come are expected to be this many times as long as the log.
HORIZON = 2.0


def level_weights(standardised: np.ndarray, window: int) -> np.ndarray:
    """Return the weight of each channel's level, which is 1 over the square root of its `growth`.

    About 1 for white noise, and `8 ** -0.5 = 0.35` for a random walk.
    """
    means = cut(standardised, window).reshape(-1, standardised.shape[1], window).mean(axis=2)
    return growth(means, window) ** -0.5


def growth(values: np.ndarray, shortest: int) -> np.ndarray:
    """Return the factor by which the variance of each column grows after the log.

    The variogram is known to about a quarter of the log. Its power law is continued from there to `HORIZON`
    times the log.
    """
    return (4 * HORIZON) ** slope(values, shortest)


def slope(values: np.ndarray, shortest: int) -> np.ndarray:
    """Return the slope of each column's variogram on log axes, in [0, 2].

    It is 0 for white noise, 1 for a random walk and 2 for a straight line. The lags go from `shortest` to
    half the length.
    """
    lags = np.unique(np.geomspace(shortest, len(values) // 2, 12).astype(int))
    squares = np.array([np.square(values[lag:] - values[:-lag]).mean(axis=0) for lag in lags])
    x = np.log(lags) - np.log(lags).mean()
    return np.clip(x @ np.log(squares + 1e-18) / (x @ x), 0, 2)
