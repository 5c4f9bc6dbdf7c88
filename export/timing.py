"""median_seconds: the median time of a call."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np


def median_seconds(call: Callable[[], Any], *, seconds: float = 0.5, most: int = 200) -> float:
    """Return the median time of a call in seconds.

    Args:
        call: Function to call.
        seconds: Time after which no further call begins; at least five calls are made. Defaults to 0.5.
        most: Largest number of calls. Defaults to 200.
    """
    call()
    times: list[float] = []
    began = time.perf_counter()
    while len(times) < 5 or (len(times) < most and time.perf_counter() - began < seconds):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return float(np.median(times))
