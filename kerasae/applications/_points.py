"""as_points: examples as points whose distances mean something, without any model."""

import numpy as np

from kerasae.data import Data
from kerasae.evaluation._texts import TextPoints


def as_points(data: Data, split: str, most: int | None = None) -> np.ndarray:
    """Examples of a split, or its first ones, as rows of numbers, `(rows, features)`.

    Numbers as they stand in `x`; categories as indicators that put two different values at distance
    1; a missing entry as the mean of the training rows; texts as their TF-IDF vectors of length 1.

    Args:
        data: with the preprocessor.
        split: which rows.
        most: how many, the first ones.
    """
    if data.spec.kind == "text":
        return TextPoints().fit(data).points(data.split(split).head(most or len(data.split(split))))
    found: list[np.ndarray] = []
    rows = 0
    for _, x in data.parts(split):
        found.append(_indicators(x, data) if data.spec.kind == "table" else x.reshape(len(x), -1))
        rows += len(x)
        if most is not None and rows >= most:
            break
    return np.concatenate(found)[:most]


def _indicators(x: np.ndarray, data: Data) -> np.ndarray:
    parts = []
    for number, column in enumerate(data.spec.features):
        values = x[:, number : number + 1]
        if column.kind == "category":
            parts.append((values == np.arange(column.width)) / np.sqrt(2))
        else:
            parts.append(np.nan_to_num(values, nan=0.5 if column.kind == "boolean" else 0.0))
    return np.concatenate(parts, axis=1)
