"""Which noise the preset for logs has: faults planted in a recording without anomalies, and no labels.

SKAB's anomaly-free recording is cut into eight stretches of 1,150 rows. The first 400 rows of each train, and
faults of six kinds and three sizes are planted in the rest, one at a time, in a channel and at a place that
are drawn. F1 and the false alarm rate are pooled over the 144 logs; the last column is that of the eight
stretches as they are.

    python -m benchmarks.series.noise_levels --data ../shared/data [--shift 0.8 2] [--gaussian 1.4 2]

prints a row for each pair of levels, in standard deviations of a reading. `README.md` holds the figures.
"""

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd

from kerasae.applications import AnomalyDetector

from . import kerasae_detector
from .measures import Counts

#: Rows of a stretch, rows that train, and rows of a window.
ROWS, TRAINING, WINDOW = 1150, 400, 20
#: Takes readings of one channel, `(rows,)`, standardised by the training rows, and a size of at least 1.
Plant = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]


def _shifted(values: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    return values + 1.5 * size * rng.choice([-1, 1])


def _scaled(values: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    return values.mean() + (values - values.mean()) * (1 + size)


def _noisy(values: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    return values + size * rng.normal(size=len(values))


def _stuck(values: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    return np.full_like(values, values[0])


def _drifting(values: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    return values + 3 * size * np.linspace(0, 1, len(values))


FAULTS: dict[str, Plant] = {
    "shift": _shifted,
    "scale": _scaled,
    "noise": _noisy,
    "stuck": _stuck,
    "drift": _drifting,
}


def planted(readings: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give a stretch with each of its faults, and which rows are faulty.

    Args:
        readings: Readings of a stretch, `(rows, channels)`.
        rng: Generator of channels and places.
    """
    center, deviation = readings[:TRAINING].mean(axis=0), readings[:TRAINING].std(axis=0) + 1e-9
    standard = (readings - center) / deviation
    for name in (*FAULTS, "swap"):
        for size in (1.0, 2.0, 4.0):
            channel, other = rng.choice(readings.shape[1], 2, replace=False)
            first = int(rng.integers(TRAINING + 100, TRAINING + 300))
            faulty = slice(first, first + int(rng.integers(100, 300)))
            values = standard.copy()
            if name == "swap":
                values[faulty, [channel, other]] = standard[faulty, [other, channel]]
            else:
                values[faulty, channel] = FAULTS[name](standard[faulty, channel], size, rng)
            anomalous = np.zeros(len(readings), bool)
            anomalous[faulty] = True
            yield center + deviation * values, anomalous


def pooled(stretches: list[np.ndarray], shift: float, gaussian: float) -> tuple[Counts, Counts]:
    """Return the counts on all stretches with faults, and on the same stretches without faults."""
    noise = {"name": "shift", "level": shift, "before": {"name": "gaussian", "level": gaussian}}
    with_faults, without = Counts(), Counts()
    for number, stretch in enumerate(stretches):
        detector = kerasae_detector.fitted(stretch[:TRAINING], WINDOW, {"model.corruption": noise})
        without += _counts(detector, stretch, np.zeros(ROWS, bool))
        for faulty, anomalous in planted(stretch, np.random.default_rng(number)):
            with_faults += _counts(detector, faulty, anomalous)
    return with_faults, without


def _counts(detector: AnomalyDetector, readings: np.ndarray, anomalous: np.ndarray) -> Counts:
    after = readings[TRAINING - WINDOW + 1 :]
    found = kerasae_detector.window_alarms(detector, after, WINDOW)
    return Counts.of(anomalous[TRAINING:], found)


def main() -> None:
    """Run the detectors and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds series/skab")
    parser.add_argument("--shift", type=float, nargs="+", default=[0.8, 2.0, 5.0], help="levels of shift")
    parser.add_argument("--gaussian", type=float, nargs="+", default=[1.0, 1.4, 2.0, 3.0], help="of gaussian")
    arguments = parser.parse_args()
    path = arguments.data / "series" / "skab" / "anomaly-free_anomaly-free.csv"
    if not path.is_file():
        parser.error(f"Expected the recording {path}.")
    readings = pd.read_csv(path, sep=";").drop(columns="datetime").to_numpy("float64")
    stretches = [readings[first : first + ROWS] for first in range(0, len(readings) - ROWS + 1, ROWS)]
    print("| shift | gaussian | F1 | false alarms, % | missed, % | without faults, % |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for shift in arguments.shift:
        for gaussian in arguments.gaussian:
            found, quiet = pooled(stretches, shift, gaussian)
            print(
                f"| {shift:g} | {gaussian:g} | {found.f1:.3f} | {found.false_alarm_rate:.1f} | "
                f"{found.missed_alarm_rate:.1f} | {quiet.false_alarm_rate:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
