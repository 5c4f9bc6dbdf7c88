"""as_points: examples as points whose distances mean something, without any model."""

import numpy as np

from kerasae.data import Data, Examples
from kerasae.evaluation import TextPoints


def as_points(data: Data, examples: Examples) -> np.ndarray:
    """Examples as rows of numbers, `(rows, features)`.

    Numbers as they stand in `x`; categories as indicators that put two different values at distance
    1; a missing entry as the mean of the training rows; texts as their TF-IDF vectors of length 1.

    Args:
        data: with the preprocessor, and the training texts that weigh the words.
        examples: a split, or some rows of one.
    """
    if data.spec.kind == "text":
        return TextPoints().fit(data).points(examples.examples)
    as_rows = _indicators if data.spec.kind == "table" else _flat
    return np.concatenate([as_rows(data.to_x(raw), data) for raw in examples.chunks()])


def _flat(x: np.ndarray, data: Data) -> np.ndarray:
    return x.reshape(len(x), -1)


def _indicators(x: np.ndarray, data: Data) -> np.ndarray:
    parts = []
    for number, column in enumerate(data.spec.features):
        values = x[:, number : number + 1]
        if column.kind == "category":
            parts.append((values == np.arange(column.width)) / np.sqrt(2))
        else:
            parts.append(np.nan_to_num(values, nan=0.5 if column.kind == "boolean" else 0.0))
    return np.concatenate(parts, axis=1)
