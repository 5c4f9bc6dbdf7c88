"""Hyperparameters drawn from a range, without the odd values that KerasTuner gives at its ends."""

import math
from typing import Any


def draw_integer(hp: Any, name: str, low: int, high: int, *, log: bool = False) -> int:
    """Draw a whole number.

    Args:
        hp: Hyperparameters of a trial.
        name: Name of the hyperparameter.
        low: Smallest number.
        high: Largest number.
        log: Whether the numbers are spread evenly over their logarithm. Defaults to False.
    """
    if low == high:
        # The tuner must know it: otherwise hyperparameters that depend on it are not drawn.
        return int(hp.Fixed(name, low))
    # GridSearch gives floats for some; at the end of a log scale KerasTuner gives the bound plus 1.
    return min(int(hp.Int(name, low, high, sampling="log" if log else "linear")), high)


def draw_log_float(hp: Any, name: str, bounds: tuple[float, float], default: Any) -> float | None:
    """Draw a number from a log scale.

    Args:
        hp: Hyperparameters of a trial.
        name: Name of the hyperparameter.
        bounds: Smallest and largest number.
        default: Default of the hyperparameter, if it is a number within the bounds. Otherwise their geometric
            mean is the default.

    Returns:
        The number; `None` in a scope that is not active.
    """
    low, high = bounds
    inside = isinstance(default, int | float) and low <= default <= high
    value: float | None = hp.Float(
        name, low, high, sampling="log", default=float(default) if inside else math.sqrt(low * high)
    )
    return value
