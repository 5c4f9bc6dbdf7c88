"""Imputation of six real tables with numbers, dates and categories, beside missForest, MICE and neighbours.

A share of 30 % of the cells is hidden by one of three patterns from at most 5,000 rows, each method sees what
is left of all rows, and fills them. The settings of the preset `imputer` were chosen with other hidden cells
(seeds from 100 up, on which `--validation` reports).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row
from benchmarks.papers._patterns import PATTERNS, hidden

TABLES = ("adult", "airquality", "insurance", "taxis", "telco", "titanic")
ROWS, SHARE = 5_000, 0.3

#: Function from the table with holes, as data with a fitted preprocessor, and a seed to `x` without gaps.
Method = Callable[[Any, int], np.ndarray]


def model(settings: dict[str, Any], data: Any, seed: int) -> np.ndarray:
    """Fill with a trained model, which sees all rows."""
    from kerasae import train
    from kerasae.applications import Imputer

    recipe = recipe_of(settings, data, seed)
    built = recipe.build(data)
    train(built, data, **recipe.train)
    data = recipe.as_trained(data)
    frame = data.test.examples
    filled = Imputer(built, most=2000, seed=seed).fit(data).transform(frame)
    return data.to_x(filled)


def recipe_of(settings: dict[str, Any], data: Any, seed: int) -> Any:
    from kerasae import Recipe, presets

    chosen = dict(settings)
    if name := chosen.pop("preset", None):
        chosen = presets.settings(name, data.spec) | chosen
    family = chosen.pop("model.name", "variational")
    return Recipe.of(family).override({**chosen, "train.seed": seed}).fill(data)


def forest(data: Any, seed: int) -> np.ndarray:
    from kerasae.baselines import IteratedForest

    return IteratedForest(data.spec, seed).fit_fill(data.x("test"))


def wide(name: str, data: Any, seed: int) -> np.ndarray:
    """Fill with an imputer of scikit-learn, which sees an indicator for each category."""
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer, KNNImputer
    from sklearn.linear_model import BayesianRidge

    x = data.x("test")
    parts, ends = [], [0]
    for cell, column in enumerate(data.spec.features):
        values = x[:, [cell]]
        codes = np.arange(1, column.width) if column.kind == "category" else None
        parts.append(values if codes is None else np.where(np.isnan(values), np.nan, values == codes))
        ends.append(ends[-1] + parts[-1].shape[1])
    imputer = {
        "neighbours": KNNImputer(n_neighbors=10),
        "mice": IterativeImputer(BayesianRidge(), max_iter=10, n_nearest_features=50, random_state=seed),
    }[name]
    done, filled = imputer.fit_transform(np.concatenate(parts, axis=1)), x.copy()
    for cell, column in enumerate(data.spec.features):
        part = done[:, ends[cell] : ends[cell + 1]]
        value = part.argmax(axis=1) + 1 if column.kind == "category" else part[:, 0]
        filled[:, cell] = np.round(value) if column.kind == "boolean" else value
    return np.where(np.isnan(x), filled, x)


def typical(data: Any, seed: int) -> np.ndarray:
    """Fill with the mean of a number, and the mode of any other column."""
    from kerasae.applications._filling.cells import Cells

    x = data.x("test")
    return np.where(np.isnan(x), Cells(data.spec, data.preprocessor).fit(data).typical, x)


def errors(method: Method, pattern: str, place: Place, seed: int) -> dict[str, float]:
    """Return the error of each table, and the means of both kinds of columns over the tables."""
    seed += 100 if place.validation else 0
    found: dict[str, float] = {}
    numbers, categories = [], []
    for name in TABLES:
        truth, data, cells = with_holes(place, name, pattern, seed)
        of_columns = by_column(truth, method(data, seed), cells, data)
        found[name] = float(np.mean([*of_columns["numbers"], *of_columns["categories"]]))
        numbers.append(np.mean(of_columns["numbers"]))
        categories.append(np.mean(of_columns["categories"] or [np.nan]))
    return {**found, "numbers": float(np.mean(numbers)), "categories": float(np.nanmean(categories))}


def with_holes(place: Place, name: str, pattern: str, seed: int) -> tuple[np.ndarray, Any, np.ndarray]:
    """Return the true `x`, data whose splits are the table with holes, and the hidden cells."""
    from kerasae import load_data
    from kerasae.data import Data, Split
    from kerasae.data.tables import from_frame
    from kerasae.preprocessing.table import TablePreprocessing

    loaded = load_data(str(place.data / "tables" / f"{name}.csv"))
    parts = (loaded.train, loaded.validation, loaded.calibration, loaded.test)
    frame = pd.concat([chunk for part in parts for chunk in part.chunks()], ignore_index=True)
    frame = frame.sample(min(len(frame), ROWS), random_state=0, ignore_index=True)
    whole = from_frame(frame)
    seen = TablePreprocessing(whole.spec).fit_chunks(lambda: [frame])
    # A column of names, different in all rows, has nothing to fill.
    cells = hidden(seen.to_x(frame), pattern, SHARE, seed)
    cells_of = {column.name: cells[:, number] for number, column in enumerate(seen.spec.features)}
    holes = frame.copy()
    for column, missing in cells_of.items():
        holes[column] = holes[column].astype(object).where(~missing, None).infer_objects()
    spec = from_frame(holes).spec
    rows, cut = Split(holes), len(holes) - len(holes) // 10
    data = Data(name, spec, rows.rows(slice(cut)), rows.rows(slice(cut, None)), rows)
    data = data.with_preprocessor(TablePreprocessing(spec).fit_chunks(lambda: [holes]))
    kept = [cells_of[column.name] for column in data.spec.features]
    return data.to_x(frame), data, np.stack(kept, axis=1)


def by_column(truth: np.ndarray, filled: np.ndarray, cells: np.ndarray, data: Any) -> dict[str, list[float]]:
    """Return the error of each column on the hidden cells, as a share of that of its mean or mode."""
    found: dict[str, list[float]] = {"numbers": [], "categories": []}
    for cell, column in enumerate(data.spec.features):
        rows = cells[:, cell] & ~np.isnan(truth[:, cell])
        true, got = truth[rows, cell], filled[rows, cell]
        if not rows.any():
            continue
        if column.is_numeric:
            usual = np.nanmean(data.x("test")[:, cell])
            error, base = np.sqrt(np.square(got - true).mean()), np.sqrt(np.square(usual - true).mean())
        else:
            codes = data.x("test")[:, cell]
            usual = np.bincount(codes[~np.isnan(codes)].astype(int)).argmax()
            error, base = (np.round(got) != true).mean(), (true != usual).mean()
        if base > 0:
            found["numbers" if column.is_numeric else "categories"].append(float(error / base))
    return found


METHODS: dict[str, Method] = {
    "preset `imputer`": partial(model, {"preset": "imputer"}),
    "variational, defaults": partial(model, {}),
    "missForest": forest,
    "MICE": partial(wide, "mice"),
    "10 nearest neighbours": partial(wide, "neighbours"),
}

RESULT = Result(
    title="Imputation of mixed tables",
    source="Measured here, side by side",
    protocol=(
        "Six real tables, at most 5,000 rows of each, 30 % of the cells hidden: "
        + "; ".join(f"{name}, {words}" for name, words in PATTERNS.items())
        + ". The error of a column is that of its hidden cells as a share of that of its mean or mode: "
        "root mean squared error of a number or date, share of wrong values of any other column. Shown is "
        "the mean over the columns of each table, and over the tables for numbers and for the other "
        "columns."
    ),
    measures={
        "numbers": Measure("numbers", digits=3),
        "categories": Measure("categories", digits=3),
        **{name: Measure(name, digits=3) for name in TABLES},
    },
    rows=tuple(
        Row(f"{name}, {pattern}", partial(errors, method, pattern), seeds=2)
        for pattern in PATTERNS
        for name, method in METHODS.items()
    ),
)
