"""VUS-PR on recordings of NAB, beside Sub-PCA, k nearest windows and an Isolation Forest on windows.

Two protocols. `--fit whole`: a detector is fitted on the whole recording, its anomalies among it, as TSB-AD
does for these baselines. `--fit first`: on the first 15 %, at most 750 rows, which is NAB's own probationary
period and holds no anomaly. Neither uses labels. All rows are evaluated.

The window and the longest buffer of VUS-PR are the period, found as in TSB-AD (125 where there is none).
Readings are standardised by the rows that are fitted. The smoothed detectors take the period too, but
at least 64 and at most 128 rows, and no more than a sixth of the fitted rows.

    python -m benchmarks.series.nab --data ../shared/data [--group realKnownCause] [--fit whole]

prints a table by recording and the mean. It needs the extra `series`. `README.md` holds the
figures and how the reference was chosen.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kerasae.metrics.volume import vus_pr

from . import kerasae_detector, linear_denoiser, stretches
from .recordings import nab

#: The probationary period of NAB (Lavin and Ahmad 2015): a share of the rows, and at most so many.
_SHARE, _MOST = 0.15, 750
#: Takes the readings, the window and the number of rows to fit, and returns a score for each row.
Detector = Callable[[np.ndarray, int, int], np.ndarray]
DETECTORS: dict[str, Detector] = {
    "Sub-PCA": stretches.sub_pca,
    "5 nearest windows": stretches.nearest_windows,
    "50 nearest shapes (TSB-AD's Sub-KNN)": stretches.nearest_shapes,
    "Isolation Forest on windows": stretches.window_forest,
    "moving z-score": stretches.moving_z_score,
    "5 nearest windows, smoothed": stretches.smoothed_nearest_windows,
    "linear denoiser, smoothed (reference in NumPy)": linear_denoiser.smoothed_scores,
    "the same with prototypes": linear_denoiser.smoothed_scores_with_prototypes,
    "kerasae, preset `detector`, smoothed": kerasae_detector.smoothed_scores,
}


def main() -> None:
    """Run the detectors and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds series/nab")
    parser.add_argument("--group", default="realKnownCause", help="beginning of the file names")
    parser.add_argument("--fit", choices=["whole", "first"], default="whole", help="rows that are fitted")
    arguments = parser.parse_args()
    # A recording without a labelled anomaly has no VUS-PR.
    recordings = [each for each in nab(arguments.data, arguments.group) if each.anomalous.any()]
    if not recordings:
        folder = arguments.data / "series" / "nab"
        parser.error(f"Expected labelled files {arguments.group}_*.csv in {folder}.")
    print("| recording | window | " + " | ".join(DETECTORS) + " |")
    print("| --- | --- |" + " --- |" * len(DETECTORS))
    volumes = []
    for recording in recordings:
        count = len(recording.readings)
        fitted_on = count if arguments.fit == "whole" else min(int(_SHARE * count), _MOST)
        fitted = recording.readings[:fitted_on]
        readings = (recording.readings - fitted.mean(axis=0)) / np.maximum(fitted.std(axis=0), 1e-12)
        window = stretches.period(readings[:, 0])
        scores = [detector(readings, window, fitted_on) for detector in DETECTORS.values()]
        volumes.append([vus_pr(recording.anomalous, each, window) for each in scores])
        print(_line(recording.name, str(window), volumes[-1]), flush=True)
    print(_line("mean", "", list(np.mean(volumes, axis=0))))


def _line(name: str, window: str, volumes: list[float]) -> str:
    return f"| {name} | {window} | " + " | ".join(f"{volume:.3f}" for volume in volumes) + " |"


if __name__ == "__main__":
    main()
