"""Alarms on recordings of SKAB, beside detectors of its leaderboard.

The protocol of SKAB: each recording trains on its first 400 rows and is evaluated on the rest, by the column
`anomaly`. F1, the false alarm rate and the missed alarm rate are pooled over the recordings. No threshold
uses labels.

    python -m benchmarks.series.skab --data ../shared/data [--group valve1] [--by-recording]

prints a table, a row for each detector. `README.md` holds the figures and how the reference was chosen.
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from . import kerasae_detector, linear_denoiser, rows
from .measures import Counts
from .recordings import skab

#: Rows that train.
_TRAINING = 400
#: Takes the training rows and all rows, and returns an alarm for each row.
Detector = Callable[[np.ndarray, np.ndarray], np.ndarray]
DETECTORS: dict[str, Detector] = {
    "T²+Q (PCA)": rows.hotelling_and_q,
    "Isolation Forest": rows.isolation_forest,
    "dense autoencoder": rows.dense_autoencoder,
    "linear denoiser (reference in NumPy)": linear_denoiser.row_alarms,
    "kerasae, preset `detector`": kerasae_detector.row_alarms,
}


def main() -> None:
    """Run the detectors and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds series/skab")
    parser.add_argument("--group", default="valve1", help="beginning of the file names [default: valve1]")
    parser.add_argument("--by-recording", action="store_true", help="also print a line for each recording")
    arguments = parser.parse_args()
    recordings = list(skab(arguments.data, arguments.group))
    if not recordings:
        folder = arguments.data / "series" / "skab"
        parser.error(f"Expected files {arguments.group}_*.csv in {folder}.")
    total = sum(len(recording.readings) - _TRAINING for recording in recordings)
    print(f"{len(recordings)} recordings, {total} rows evaluated\n")
    print("| detector | F1 | false alarms, % | missed, % |\n| --- | --- | --- | --- |")
    for name, detector in DETECTORS.items():
        pooled = Counts()
        for recording in recordings:
            alarms = detector(recording.readings[:_TRAINING], recording.readings)
            counts = Counts.of(recording.anomalous[_TRAINING:], alarms[_TRAINING:])
            pooled += counts
            if arguments.by_recording:
                print(_line(f"{name}, {recording.name}", counts))
        print(_line(name, pooled), flush=True)


def _line(name: str, counts: Counts) -> str:
    return f"| {name} | {counts.f1:.3f} | {counts.false_alarm_rate:.1f} | {counts.missed_alarm_rate:.1f} |"


if __name__ == "__main__":
    main()
