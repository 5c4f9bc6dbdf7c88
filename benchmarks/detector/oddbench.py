"""Anomaly detection on 60 tables of ODDBench, beside KNN, LOF, Isolation Forest and ECOD on the same rows.

One-class protocol: the training rows are normal, at most 5,000 of them drawn by the seed; AUROC in percent on
all test rows. Settings were chosen on the even half, tables 0, 2, 4, ... in alphabetical order; nothing was
chosen on the odd half, tables 1, 3, 5, ....

    python benchmarks/detector/oddbench.py ../shared/data/oddbench [--contaminated] [--curve] [--half even]

prints a table with both halves and the bands of columns. `--contaminated` moves anomalies of the test among
the training rows, 5 % of them. `--curve` prints the mean AUROC by the number of steps, with the seconds of
processor time of one fit.
"""

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
from scipy.stats import skew
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.preprocessing import StandardScaler

from kerasae.applications.anomaly import AnomalyDetector
from kerasae.data import Data, Split
from kerasae.sklearn import AutoencoderDetector

_MOST = 5000
_CONTAMINATION = 0.05
_BANDS = {"up to 5": (0, 5), "6 to 15": (6, 15), "more": (16, 10_000)}
OURS = "kerasae (default)"
SCORES = {
    OURS: None,
    "kerasae, residual alone": "whitened",
    "kerasae, prototypes alone": "prototypes",
}


def read(path: Path, seed: int, contaminated: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training rows, test rows, and whether a test row is an anomaly."""
    stored = np.load(path, allow_pickle=False)
    train, test = stored["train"].astype("float64"), stored["test"].astype("float64")
    odd = stored["labels"].astype(bool)
    rng = np.random.default_rng(seed)
    if len(train) > _MOST:
        train = train[np.sort(rng.permutation(len(train))[:_MOST])]
    if contaminated:
        anomalies = np.flatnonzero(odd)
        wanted = max(1, round(_CONTAMINATION / (1 - _CONTAMINATION) * len(train)))
        moved = rng.permutation(anomalies)[: min(wanted, len(anomalies) // 2)]
        train = rng.permutation(np.concatenate([train, test[moved]]))
        test, odd = np.delete(test, moved, axis=0), np.delete(odd, moved)
    return train, test, odd


def area(
    detector: AutoencoderDetector, score: str | None, train: np.ndarray, test: np.ndarray, odd: np.ndarray
) -> float:
    """AUROC of a score over the trained model of a detector."""
    rows = Split(train)
    model = detector.model_
    data = Data("rows", model.spec, rows, rows, rows, preprocessor=model.preprocessor)
    return float(roc_auc_score(odd, AnomalyDetector(model, score=score).fit_score(data).score_samples(test)))


def ecod(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Scores by the tails of each column (Li et al. 2022, IEEE TKDE), with the tails of the training rows."""
    rows = len(train)
    left, right = np.empty_like(test), np.empty_like(test)
    for number, column in enumerate(np.sort(train, axis=0).T):
        below = np.searchsorted(column, test[:, number], "right")
        above = rows - np.searchsorted(column, test[:, number], "left")
        left[:, number] = -np.log(np.maximum(below, 0.5) / rows)
        right[:, number] = -np.log(np.maximum(above, 0.5) / rows)
    skewed = np.where(np.ptp(train, axis=0) > 0, skew(train, axis=0), 0.0)
    automatic = np.where(skewed < 0, left, np.where(skewed > 0, right, left + right))
    return np.maximum.reduce([left.sum(axis=1), right.sum(axis=1), automatic.sum(axis=1)])


def others(train: np.ndarray, test: np.ndarray, odd: np.ndarray, seed: int) -> dict[str, float]:
    """AUROC of the detectors of scikit-learn, with PyOD's numbers of neighbours, and of ECOD."""
    scaler = StandardScaler().fit(train)
    a, b = scaler.transform(train), scaler.transform(test)
    scores = {
        "KNN": NearestNeighbors(n_neighbors=5).fit(a).kneighbors(b)[0][:, -1],
        "LOF": -LocalOutlierFactor(n_neighbors=20, novelty=True).fit(a).score_samples(b),
        "IForest": -IsolationForest(random_state=seed).fit(a).score_samples(b),
        "ECOD": ecod(train, test),
    }
    return {name: float(roc_auc_score(odd, values)) for name, values in scores.items()}


def measured(path: Path, seed: int, contaminated: bool) -> dict[str, float]:
    """AUROC in percent by method."""
    train, test, odd = read(path, seed, contaminated)
    detector = AutoencoderDetector(novelty=False, random_state=seed).fit(train)
    areas = {name: area(detector, score, train, test, odd) for name, score in SCORES.items()}
    if contaminated:
        robust = AutoencoderDetector(preset="contaminated_detector", novelty=False, random_state=seed)
        areas["kerasae, contaminated_detector"] = area(robust.fit(train), None, train, test, odd)
    areas |= others(train, test, odd, seed)
    return {"columns": train.shape[1], **{name: 100 * value for name, value in areas.items()}}


def curve(paths: list[Path], seed: int) -> None:
    """Prints mean AUROC and seconds by the number of steps."""
    print("| steps | kerasae (default) | residual alone | seconds of a fit, processor time |")
    print("| ---: | ---: | ---: | ---: |")
    for steps in (100, 200, 300, 500, 1000, 2000):
        rows, seconds = [], []
        for path in paths:
            train, test, odd = read(path, seed, False)
            began = time.process_time()
            detector = AutoencoderDetector(
                novelty=False, random_state=seed, settings={"train.steps": steps}
            ).fit(train)
            seconds.append(time.process_time() - began)
            rows.append([100 * area(detector, score, train, test, odd) for score in (None, "whitened")])
        ours, residual = np.mean(rows, axis=0)
        print(f"| {steps:,} | {ours:.2f} | {residual:.2f} | {np.mean(seconds):.2f} |", flush=True)


def report(by_table: pd.DataFrame, half: pd.Series) -> None:
    """Prints the table, in Markdown."""
    groups = {f"all {len(by_table)}": half.notna()}
    groups |= {f"{name} half ({sum(half == name)})": half == name for name in half.unique()}
    for name, (low, high) in _BANDS.items():
        chosen = by_table["columns"].between(low, high)
        groups[f"{name} columns ({sum(chosen)})"] = chosen
    print("\n| | " + " | ".join(groups) + " |\n| --- " + "| ---: " * len(groups) + "|")
    for method in by_table.columns.drop("columns"):
        cells = [f"{by_table.loc[chosen, method].mean():.2f}" for chosen in groups.values()]
        print(f"| {method} | " + " | ".join(cells) + " |")


def main() -> None:
    """Runs the tables and prints what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--contaminated", action="store_true", help="5 %% anomalies among the training rows")
    parser.add_argument("--curve", action="store_true", help="AUROC by the number of steps")
    parser.add_argument("--half", choices=["even", "odd"], help="only these tables")
    arguments = parser.parse_args()
    paths = sorted(arguments.folder.glob("*.npz"))
    half = {path: ("even", "odd")[number % 2] for number, path in enumerate(paths)}
    paths = [path for path in paths if arguments.half in (None, half[path])]
    if arguments.curve:
        curve(paths, 0)
        return
    rows = []
    for path in paths:
        for seed in range(arguments.seeds):
            areas = measured(path, seed, arguments.contaminated)
            rows.append({"name": path.stem, "half": half[path], **areas})
        print(path.stem, ", ".join(f"{key} {value:.1f}" for key, value in areas.items()), flush=True)
    frame = pd.DataFrame(rows)
    halves = frame.groupby("name")["half"].first()
    report(frame.drop(columns="half").groupby("name").mean(), halves)


if __name__ == "__main__":
    main()
