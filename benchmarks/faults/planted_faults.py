"""Faults planted in real tables of mixed columns: are they flagged, and is the right column named first?

Six tables as people have them (`shared/data/tables`), each with a fault of every kind that its columns allow:
a value out of range, one that is ten times too small, one below zero where none ever is, a number written in
percent, two columns exchanged, an impossible pair, a typing error in a category, an unknown category, a date
of another century, dates in the wrong order, and a sensor that repeats a reading. `planting.py` describes
each kind. The rows, columns and values are drawn with a seed; a table has 10 to 15 faults.

Two protocols, both through the CSV source, the preset `detector` and `AnomalyDetector` with 5 % false alarms:

- `among`: the faults are in the file that is trained on, and all rows of that file are scored.
- `clean`: four fifths of the rows are trained on; the faults are in the others, and those are scored.

LOF, KNN and the isolation forest of scikit-learn get the same rows, one-hot and standardised. They flag the
highest 5 % of the rows that they score.

    python benchmarks/faults/planted_faults.py ../shared/data/tables [--seeds 0 1] [--steps 800]

prints a table for each protocol and one by kind of fault. The rules of `kerasae.scores.support` were chosen
with seed 0 and 600 steps on 4,000 rows, its tails and the worth of a nat with seeds 0 and 1 of `clean`; the
pools of rules, the companions and the tail of the score with seeds 0 to 3 of `clean`, and 0 and 1 of `among`.
Other seeds are a check. Without `--steps` the training is that of the preset.
"""

import argparse
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
from planting import TABLES, plant, read
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors

from kerasae.applications.anomaly import AnomalyDetector
from kerasae.data import read_examples
from kerasae.kinds import kind_of
from kerasae.runs import Run, run_recipe
from kerasae.workflows.recipes import make_recipe

#: Share of normal rows that may be flagged.
ALARMS = 0.05
PROTOCOLS = ("among", "clean")


def main() -> None:
    """Run tables, seeds and protocols, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--tables", nargs="*", default=[*TABLES])
    parser.add_argument("--protocols", nargs="*", default=[*PROTOCOLS], choices=PROTOCOLS)
    parser.add_argument("--steps", type=int, default=0, help="training steps; 0 for those of the preset")
    parser.add_argument("--rows", type=int, default=6000, help="greatest number of rows of a table")
    parser.add_argument(
        "--score", default=None, help="member of kerasae.scores; default: that of the detector"
    )
    parser.add_argument("--keep", type=Path, help="folder of the runs; those that are there are used again")
    parser.add_argument("--verbose", action="store_true", help="print each fault")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    found = []
    with tempfile.TemporaryDirectory() as home:
        for protocol in arguments.protocols:
            for name in arguments.tables:
                for seed in arguments.seeds:
                    rows = one(arguments, arguments.keep or Path(home), protocol, name, seed)
                    found.append(rows)
                    print(protocol, name, seed, summary(rows[rows.method == "kerasae"]), flush=True)
                    if arguments.verbose:
                        print(rows[rows.method == "kerasae"].drop(columns=["method", "protocol"]).to_string())
    report(pd.concat(found))


def one(arguments: Any, home: Path, protocol: str, name: str, seed: int) -> pd.DataFrame:
    """Return a row for each fault and method: its p-rank, and whether it is flagged and named right."""
    table = read(arguments.folder / f"{name}.csv", name)
    rng = np.random.default_rng([seed, len(name), *map(ord, name)])
    table = table.iloc[np.sort(rng.permutation(len(table))[: arguments.rows])].reset_index(drop=True)
    if protocol == "among":
        scored, faults = plant(table, name, rng)
        train = scored
    else:
        apart = np.zeros(len(table), bool)
        apart[rng.permutation(len(table))[: len(table) // 5]] = True
        train = table[~apart].reset_index(drop=True)
        scored, faults = plant(table[apart].reset_index(drop=True), name, rng)
    folder = home / f"{protocol}-{name}-{seed}-{arguments.steps}-{arguments.rows}"
    folder.mkdir(parents=True, exist_ok=True)
    train.to_csv(folder / "train.csv", index=False)
    scored.to_csv(folder / "scored.csv", index=False)
    scores, flagged, added, features = by_kerasae(arguments, folder, name, seed)
    methods = {"kerasae": (scores, flagged)}
    points, odd = as_points(train, scored, name)
    for method, values in rivals(points, odd, seed).items():
        methods[method] = (values, values > np.quantile(values, 1 - ALARMS))
    planted = np.zeros(len(scored), bool)
    planted[[row for fault in faults for row in fault.rows]] = True
    found = []
    for method, (values, flags) in methods.items():
        for fault in faults:
            # A fault of several rows is found with its oddest row.
            row = fault.rows[int(np.argmax(values[list(fault.rows)]))]
            others = values[~planted]
            found.append(
                {
                    "protocol": protocol, "table": name, "seed": seed, "method": method, "kind": fault.kind,
                    "columns": "|".join(fault.columns), "flagged": bool(flags[row]),
                    "ten": int((values > values[row]).sum()) < 10,
                    "rank": 100 * float((others >= values[row]).mean()),
                    "named": method == "kerasae" and features[added[row].argmax()] in fault.columns,
                    "first": features[added[row].argmax()] if method == "kerasae" else "",
                    "written": fault.written, "alarms": float(flags[~planted].mean()),
                }
            )  # fmt: skip
    return pd.DataFrame(found)


def by_kerasae(arguments: Any, folder: Path, name: str, seed: int) -> tuple[Any, Any, Any, list[str]]:
    """Scores, flags and contributions of the rows of `scored.csv`, and the names of the columns."""
    settings: dict[str, Any] = {f"data.{key}": value for key, value in TABLES[name].source.items()}
    settings["train.seed"] = seed
    if arguments.steps:
        settings["train.steps"] = arguments.steps
    if (folder / "run" / "model.keras").exists():
        run = Run.open(folder / "run")
    else:
        recipe = make_recipe(str(folder / "train.csv"), settings, preset="detector")
        run = run_recipe(recipe, folder / "run")
    score = {} if arguments.score is None else {"score": arguments.score}
    detector = AnomalyDetector(run.model, false_alarms=ALARMS, **score).fit(run.data)
    rows = read_examples(str(folder / "scored.csv"), run.recipe.data, run.model.spec)[1].examples
    scores = detector.score_samples(rows)
    return scores, scores > detector.threshold_, detector.explain(rows), kind_of(run.model.spec).feature_names


def as_points(train: pd.DataFrame, scored: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return training rows and scored rows, one-hot and standardised; gaps are the mean."""
    both = pd.concat([train, scored], ignore_index=True)
    parts = []
    for column in both.columns.difference(["customerID"], sort=False):
        numbers = pd.to_numeric(both[column], errors="coerce")
        if numbers.notna().mean() < 0.7 * max(both[column].notna().mean(), 1e-9):
            dates = pd.to_datetime(
                both[column], errors="coerce", format="mixed", dayfirst=name == "airquality"
            )
            if dates.notna().mean() < 0.7 or both[column].str.len().max() < 6:
                parts.append(pd.get_dummies(both[column], prefix=column).astype("float64"))
                continue
            numbers = dates.astype("int64") / 1e9
        parts.append(numbers.to_frame(column))
    frame = pd.concat(parts, axis=1)
    known = frame.iloc[: len(train)]
    frame = ((frame - known.mean()) / known.std().replace(0, 1)).fillna(0.0)
    return frame.iloc[: len(train)].to_numpy(), frame.iloc[len(train) :].to_numpy()


def rivals(train: np.ndarray, scored: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Return the scores of scikit-learn's detectors by name."""
    same = train.shape == scored.shape and np.array_equal(train, scored)
    lof = LocalOutlierFactor(20, novelty=not same).fit(train)
    nearest = NearestNeighbors(n_neighbors=5).fit(train)
    return {
        "LOF": -lof.negative_outlier_factor_ if same else -lof.score_samples(scored),
        "KNN": nearest.kneighbors(None if same else scored)[0].mean(axis=1),
        "Isolation Forest": -IsolationForest(random_state=seed).fit(train).score_samples(scored),
    }


def summary(rows: pd.DataFrame) -> str:
    """Return the figures of some faults in one line."""
    right = (rows.flagged & rows.named).sum()
    return (
        f"{rows.flagged.sum()}/{len(rows)} flagged, {rows.ten.sum()} in ten, {right} named, median rank "
        f"{rows['rank'].median():.2f} %, false alarms {100 * rows.alarms.mean():.1f} %"
    )


def report(found: pd.DataFrame) -> None:
    """Print the tables, in Markdown."""
    for protocol, part in found.groupby("protocol"):
        print(f"\n### {protocol}\n\n| | faults | flagged | in ten | named first | median rank, % |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |")
        for method, rows in part.groupby("method", sort=False):
            named = (rows.flagged & rows.named).sum() if method == "kerasae" else "–"
            print(
                f"| {method} | {len(rows)} | {rows.flagged.sum()} | {rows.ten.sum()} | {named} "
                f"| {rows['rank'].median():.2f} |"
            )
        ours = part[part.method == "kerasae"]
        for key in ("kind", "table"):
            print(
                f"\n| {key} | faults | flagged | in ten | named first |\n| --- | ---: | ---: | ---: | ---: |"
            )
            for kind, rows in ours.groupby(key):
                named = (rows.flagged & rows.named).sum()
                print(f"| {kind} | {len(rows)} | {rows.flagged.sum()} | {rows.ten.sum()} | {named} |")


if __name__ == "__main__":
    main()
