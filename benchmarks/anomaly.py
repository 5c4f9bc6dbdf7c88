"""Anomaly detection on twelve tables of ADBench, beside the published 26 methods.

The one-class protocol of Livernoche et al. 2024 (ICLR): train on the first half of the normal rows in
file order, test on the other half and all anomalies; tables under 1,000 rows are bootstrapped to 1,000
before the split, those over 50,000 sampled down; seeds 0 to 4; AUROC in percent. One setting for all
tables, the default of `kerasae.sklearn.AutoencoderDetector`. The twelve tables informed it, by their
figures with seed 0; which other settings were looked at is in `kerasae/presets/detector.py`.

    python benchmarks/anomaly.py ../shared/data/anomaly [--seeds 5] [--contaminated]

prints the table of the README, and a table by data set beside all published methods.
"""

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from kerasae.applications.anomaly import AnomalyDetector
from kerasae.data import Data, Split
from kerasae.sklearn import AutoencoderDetector

#: Bootstrapped before the split, so that copies of a row stand on both sides.
_SMALL = 1000
OURS = "kerasae (default)"
_SCORES = {
    OURS: None,
    "kerasae, whitened residual": "whitened",
    "kerasae, prototypes": "prototypes",
    "kerasae, squared error": "squared_error",
}


def split(path: Path, seed: int, contaminated: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Training rows, test rows, whether a test row is an anomaly, and the rows of the file."""
    stored = np.load(path, allow_pickle=False)
    x, y = stored["X"].astype("float64"), stored["y"].astype(bool)
    rows = len(x)
    np.random.seed(seed)
    if contaminated:
        chosen = np.random.choice(rows, min(max(rows, _SMALL), 50_000), replace=True)
        return x[chosen], x, y, rows
    if rows < _SMALL or rows > 50_000:
        size = _SMALL if rows < _SMALL else 50_000
        chosen = np.random.choice(rows, size, replace=rows < _SMALL)
        x, y = x[chosen], y[chosen]
    normal, odd = np.flatnonzero(~y), np.flatnonzero(y)
    half = len(normal) // 2
    test = np.concatenate([normal[half:], odd])
    return x[normal[:half]], x[test], y[test], rows


def area(
    detector: AutoencoderDetector, score: str | None, train: np.ndarray, test: np.ndarray, odd: np.ndarray
) -> float:
    """AUROC of a score over the trained model of a detector."""
    rows = Split(train)
    model = detector.model_
    data = Data("rows", model.spec, rows, rows, rows, preprocessor=model.preprocessor)
    scored = AnomalyDetector(model, score=score).fit_score(data)
    return float(roc_auc_score(odd, scored.score_samples(test)))


def main() -> None:
    """Runs the tables and prints what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--contaminated", action="store_true", help="train on all rows, anomalies among them")
    arguments = parser.parse_args()
    kind = "_contaminated" if arguments.contaminated else ""
    published = pd.read_csv(arguments.folder / f"published_auroc{kind}.csv").set_index("Dataset")
    published.index = published.index.str.lower()
    preset = "contaminated_detector" if arguments.contaminated else "detector"
    found = {}
    for path in sorted(arguments.folder.glob("*.npz")):
        name = path.stem.partition("_")[2]
        began = time.perf_counter()
        areas = []
        for seed in range(arguments.seeds):
            train, test, odd, rows = split(path, seed, arguments.contaminated)
            detector = AutoencoderDetector(preset=preset, novelty=False, random_state=seed).fit(train)
            areas.append({key: area(detector, score, train, test, odd) for key, score in _SCORES.items()})
        mean = pd.DataFrame(areas).mean() * 100
        found[name] = {**mean, "spread": pd.DataFrame(areas)[OURS].std() * 100, "rows": rows}
        seconds = time.perf_counter() - began
        print(
            f"{name}: " + ", ".join(f"{k} {v:.2f}" for k, v in mean.items()) + f", {seconds:.0f} s",
            flush=True,
        )
    report(pd.DataFrame(found).T, published)


def report(found: pd.DataFrame, published: pd.DataFrame) -> None:
    """Prints the tables, in Markdown."""
    theirs = published.loc[[name.lower() for name in found.index]]
    theirs.index = found.index
    large = found.index[found["rows"] >= _SMALL]
    best = theirs.mean().sort_values(ascending=False)
    best_large = theirs.loc[large].mean().sort_values(ascending=False)
    print("\n| | all twelve | the nine of 1,000 rows and more |\n| --- | ---: | ---: |")
    for key in _SCORES:
        marks = "**" if key == OURS else ""
        areas = (f"{marks}{part.mean():.2f}{marks}" for part in (found[key], found.loc[large, key]))
        print(f"| {marks}{key}{marks} | " + " | ".join(areas) + " |")
    shown = dict.fromkeys([*best.index[:4], *best_large.index[:2], "IForest", "VAE"])
    for method in shown:
        print(f"| {method} (published) | {best[method]:.2f} | {best_large[method]:.2f} |")
    print("\n| data set | rows | kerasae | ± | " + " | ".join(theirs.columns) + " |")
    print("| --- | ---: " * 2 + "| ---: " * (len(theirs.columns) + 2) + "|")
    for name, row in found.iterrows():
        cells = " | ".join(f"{value:.1f}" for value in theirs.loc[name])
        print(f"| {name} | {row['rows']:.0f} | {row[OURS]:.1f} | {row['spread']:.1f} | {cells} |")


if __name__ == "__main__":
    main()
