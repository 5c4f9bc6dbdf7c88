"""Every application on every kind of examples for which it has a meaning, beside its baseline.

    python benchmarks/applications.py ../shared/data

trains a variational model each on images (the digits of scikit-learn), vectors (the same as rows of
64 numbers), a table (annthyroid with a column of categories and gaps made by a seed) and windows of a sensor
log (the normal beginnings of eight recordings of SKAB), and an undercomplete one on texts (AG titles),
applies every application to it as `kerasae apply` does, and prints the table of the README: one figure of
each, the model's beside the best baseline's. Anomalies are rows labelled so (table; the next recording of
SKAB) or made (images and vectors: a 4 x 4 patch of another digit; texts: the words in another order).
"""

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits

from kerasae import Recipe, Run, registry
from kerasae.runs import run_recipe
from kerasae.workflows import Outcome, apply

KINDS = ("image", "vector", "table", "text", "series")
#: Heading of each kind.
COLUMNS = dict(zip(KINDS, ("images", "vectors", "tables", "texts", "sensor logs"), strict=True))
#: Settings by application, where its defaults do nothing to measure.
SETTINGS: dict[str, dict[str, Any]] = {"denoising": {"noise": "gaussian", "level": 0.3}}
#: Classes that are known, so that clusters can be held against them.
CLASSES = {"image": 10, "vector": 10, "text": 4, "series": 8}
#: Recordings of SKAB to train on, and their first rows, which are normal.
_RECORDINGS, _NORMAL = range(1, 9), 560


def runs(home: Path, shared: Path, kinds: Sequence[str]) -> dict[str, tuple[Run, str]]:
    """A run of each of these kinds, and a source with anomalies for it."""
    digits = load_digits()
    rng = np.random.default_rng(0)
    # In the file they are sorted by writer.
    order = rng.permutation(len(digits.images))
    images, labels = (15.9 * digits.images[order]).astype("uint8"), digits.target[order]
    patched = images[-400:].copy()
    rows, columns = rng.integers(0, 5, (2, 150))
    donors = rng.permutation(images[:150])
    for number, (row, column) in enumerate(zip(rows, columns, strict=True)):
        area = np.s_[row : row + 4, column : column + 4]
        patched[number][area] = donors[number][area]
    odd = np.repeat([1, 0], [150, 250])
    np.savez(home / "images.npz", x=images[:-400], y=labels[:-400])
    np.savez(home / "images-odd.npz", x=patched, y=odd)
    np.savez(home / "vectors.npz", x=images[:-400].reshape(-1, 64).astype("float32"), y=labels[:-400])
    np.savez(home / "vectors-odd.npz", x=patched.reshape(-1, 64).astype("float32"), y=odd)
    stored = np.load(shared / "anomaly" / "2_annthyroid.npz")
    frame = pd.DataFrame(stored["X"], columns=[f"v{number}" for number in range(6)])
    frame["level"] = pd.cut(frame.pop("v2"), 4, labels=["low", "fair", "high", "top"]).astype(str)
    frame = frame.mask(rng.random(frame.shape) < 0.05)
    frame["y"] = stored["y"]
    # A class to learn, from a column that the model does not see.
    hidden = frame.pop("v5").fillna(0.0)
    normal = frame[frame["y"] == 0]
    shown = normal.iloc[:4000].assign(
        y=np.where(hidden[normal.index[:4000]] > hidden.median(), "high", "low")
    )
    shown.to_csv(home / "table.csv", index=False)
    pd.concat([normal.iloc[4000:], frame[frame["y"] == 1]]).to_csv(home / "table-odd.csv", index=False)
    titles = pd.read_csv(shared / "text" / "ag_news_test.csv", names=["class", "title", "text"])
    skab = shared / "series" / "skab"
    # A class to learn: the recording. Nothing is wrong in the first part of each.
    parts = [
        pd.read_csv(skab / f"valve1_{number}.csv", sep=";").iloc[:_NORMAL].assign(part=f"no. {number}")
        for number in _RECORDINGS
    ]
    log = pd.concat(parts).drop(columns=["anomaly", "changepoint"])
    log.assign(unit=log["part"]).to_csv(home / "series.csv", index=False)
    later = pd.read_csv(skab / "valve1_9.csv", sep=";").rename(columns={"anomaly": "part"})
    later.drop(columns="changepoint").assign(unit="no. 9").to_csv(home / "series-odd.csv", index=False)
    return train(home, titles, kinds)


def train(home: Path, titles: pd.DataFrame, kinds: Sequence[str]) -> dict[str, tuple[Run, str]]:
    """Writes the texts and trains."""
    rng = np.random.default_rng(1)
    label, title = titles.columns[:2]
    titles.iloc[:4000][[label, title]].to_csv(home / "texts.csv", index=False)
    held = titles.iloc[4000:4400][[label, title]].copy()
    shuffled = [" ".join(rng.permutation(text.split())) for text in held[title].iloc[:150]]
    held[title] = [*shuffled, *held[title].iloc[150:]]
    held[label] = np.repeat([1, 0], [150, 250])
    held.to_csv(home / "texts-odd.csv", index=False)
    given: dict[str, dict[str, Any]] = {
        "image": {"source": str(home / "images.npz"), "train": {"epochs": 150}},
        "vector": {"source": str(home / "vectors.npz"), "train": {"epochs": 150}},
        "table": {"source": str(home / "table.csv"), "data": {"labels": "y"}, "train": {"epochs": 80}},
        "text": {
            "source": f"text:{home / 'texts.csv'}",
            "data": {"column": title, "labels": label},
            "latent_dim": 32,
            "train": {"epochs": 30},
        },
        "series": {
            "source": f"series:{home / 'series.csv'}",
            "data": {"time": "datetime", "window": 20, "labels": "part", "group": "unit"},
            "train": {"epochs": 60},
        },
    }
    found = {}
    for kind in kinds:
        arguments = given[kind]
        size = arguments.pop("latent_dim", 8 if kind != "table" else 3)
        family = "undercomplete" if kind == "text" else "variational"
        run = run_recipe(Recipe.of(family, latent_dim=size, **arguments), home / kind)
        assert run is not None
        suffix = "npz" if kind in ("image", "vector") else "csv"
        plain = "" if kind in ("table", "series") else "s"
        found[kind] = (run, str(home / f"{kind}{plain}-odd.{suffix}"))
    return found


def figure(outcome: Outcome) -> str:
    """The decisive figure of an application as a cell, the best baseline's in brackets."""
    finding, *_ = outcome.findings.values()
    own = finding.metric(finding.decisive)
    if own is None or own.number is None:
        return "yes"
    against = outcome.against
    best = "" if against is None else f" ({against.theirs:.3g})"
    return f"{own.heading} {own.number:.3g}{best}"


def main() -> None:
    """Trains, applies and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--only", nargs="*", help="applications to run")
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=KINDS, help="columns of the table")
    arguments = parser.parse_args()
    table = {}
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        trained = runs(home, arguments.shared, arguments.kinds)
        for name in arguments.only or registry.names("application"):
            member: Any = registry.resolve("application", name)
            table[name] = []
            for kind in arguments.kinds:
                if member.needs_numbers and not registry.resolve("kind", kind).has_numbers:
                    table[name].append("–")
                    continue
                run, odd = trained[kind]
                source = odd if name == "anomaly" else None
                settings = dict(SETTINGS.get(name, {}))
                if name == "clustering" and kind in CLASSES:
                    settings["clusters"] = CLASSES[kind]
                try:
                    outcome = apply(name, run, home / f"{name}-{kind}", source=source, **settings)
                except ValueError as error:
                    table[name].append(f"refused: {error}")
                else:
                    table[name].append(figure(outcome))
                print(name, kind, table[name][-1], flush=True)
    print("\n| application | " + " | ".join(COLUMNS[kind] for kind in arguments.kinds) + " |")
    print("| --- |" + " --- |" * len(arguments.kinds))
    for name, cells in table.items():
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
