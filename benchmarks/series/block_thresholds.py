"""Thresholds of dependent windows on simulated logs without faults: the share of new windows above them.

    python -m benchmarks.series.block_thresholds [--windows 950] [--draws 100] [--rate 0.01]

prints a row for each log and score: the share of 10,000 new windows above each threshold, in %, and the
number of alarms, both as means over the draws. The scores stand for those of a detector: the mean and the
greatest squared residual of a window of 50 steps.
"""

import argparse
from collections.abc import Callable

import numpy as np
from scipy.ndimage import maximum_filter1d
from scipy.signal import lfilter
from scipy.stats import genpareto

from kerasae.thresholds import ConformalThreshold

WINDOW, NEW, CHANNELS = 50, 10_000, 3


def residuals(draw: np.random.Generator, rows: int, memory: float, freedom: float = np.inf) -> np.ndarray:
    """Return autocorrelated noise of variance 1, `(rows, channels)`, normal or by Student's t."""
    size = (rows + 2000, CHANNELS)
    heavy = np.isfinite(freedom)
    noise = (
        draw.standard_t(freedom, size) / np.sqrt(freedom / (freedom - 2)) if heavy else draw.normal(size=size)
    )
    return lfilter([np.sqrt(1 - memory**2)], [1, -memory], noise, axis=0)[2000:]


def _seasonal(draw: np.random.Generator, rows: int) -> np.ndarray:
    swing = 1 + 0.5 * np.sin(2 * np.pi * np.arange(rows) / 240 + draw.uniform(0, 2 * np.pi))
    return residuals(draw, rows, 0.3) * swing[:, None]


def _drifting(draw: np.random.Generator, rows: int) -> np.ndarray:
    return residuals(draw, rows, 0.0) + 0.7 * residuals(draw, rows, 0.999)


LOGS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "white noise": lambda draw, rows: residuals(draw, rows, 0.0),
    "memory 0.5": lambda draw, rows: residuals(draw, rows, 0.5),
    "memory 0.9": lambda draw, rows: residuals(draw, rows, 0.9),
    "memory 0.99": lambda draw, rows: residuals(draw, rows, 0.99),
    "seasonal spread": _seasonal,
    "Student's t, 5": lambda draw, rows: residuals(draw, rows, 0.3, 5.0),
    "drifting level": _drifting,
}


def scores_of(residual: np.ndarray, kind: str) -> np.ndarray:
    """Return the score of each window, `(windows,)`: the mean or the greatest square in it."""
    square = residual**2
    if kind == "mean":
        return np.convolve(square.mean(axis=1), np.ones(WINDOW) / WINDOW, "valid")
    half = WINDOW // 2
    return maximum_filter1d(square.max(axis=1), WINDOW)[half : half + len(square) - WINDOW + 1]


def _of_blocks(scores: np.ndarray, rate: float) -> float:
    return ConformalThreshold(false_alarms=rate).fit(scores, block=WINDOW).threshold_


def _independent(scores: np.ndarray, rate: float) -> float:
    return ConformalThreshold(false_alarms=rate).fit(scores).threshold_


def _peaks(scores: np.ndarray) -> np.ndarray:
    return np.sort(scores[len(scores) % WINDOW :].reshape(-1, WINDOW).max(axis=1))


def _pareto(scores: np.ndarray, rate: float) -> float:
    peaks = _peaks(scores)
    half = len(peaks) // 2
    begin = peaks[-half - 1]
    shape, _, scale = genpareto.fit(peaks[-half:] - begin, floc=0.0)
    above = (half + 1) / (len(peaks) + 1)
    return max(scores.max(), begin + genpareto.isf(min(rate / above, 1.0), shape, scale=scale))


def _gumbel(scores: np.ndarray, rate: float) -> float:
    peaks = _peaks(scores)
    scale = peaks.std(ddof=1) * np.sqrt(6) / np.pi
    return max(scores.max(), peaks.mean() - scale * (np.euler_gamma + np.log(-np.log1p(-rate))))


RULES: dict[str, Callable[[np.ndarray, float], float]] = {
    "in blocks": _of_blocks,
    "as if independent": _independent,
    "greatest score": lambda scores, _: scores.max(),
    "Pareto tail of peaks": _pareto,
    "Gumbel's distribution": _gumbel,
}


def measured(log: str, kind: str, windows: int, draws: int, rate: float) -> dict[str, tuple[float, float]]:
    """Return the share of new windows above each threshold, and the number of alarms, by its name."""
    found: dict[str, list[tuple[float, int]]] = {name: [] for name in RULES}
    for seed in range(draws):
        # A window lies between the calibration windows and the new ones, as in a split.
        residual = LOGS[log](np.random.default_rng(seed), windows + NEW + 2 * WINDOW)
        scores = scores_of(residual, kind)
        new = scores[windows + WINDOW : windows + WINDOW + NEW]
        for name, rule in RULES.items():
            above = new > rule(scores[:windows], rate)
            found[name].append((above.mean(), int((np.diff(above.astype(int), prepend=0) == 1).sum())))
    return {name: tuple(np.mean(values, axis=0).tolist()) for name, values in found.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--windows", type=int, default=950, help="calibration windows [default: 950]")
    parser.add_argument("--draws", type=int, default=100, help="simulated logs of each kind [default: 100]")
    parser.add_argument("--rate", type=float, default=0.01, help="rate that is asked for [default: 0.01]")
    arguments = parser.parse_args()
    print(f"| log | score | {' | '.join(RULES)} |\n| --- | --- |" + " --- |" * len(RULES))
    for log in LOGS:
        for kind in ("mean", "greatest"):
            figures = measured(log, kind, arguments.windows, arguments.draws, arguments.rate)
            cells = [f"{100 * share:.2f} % ({alarms:.1f})" for share, alarms in figures.values()]
            print(f"| {log} | {kind} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
