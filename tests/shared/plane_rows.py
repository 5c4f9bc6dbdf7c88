"""Normal rows near a plane, data made of rows, and accounts as a score reads them."""

import numpy as np

from kerasae import Recipe
from kerasae.data import Data, Split, array_spec
from kerasae.data._data import NO_ROWS


def correlated(rows, seed, size=6, rank=2):
    """Normal rows near a plane."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(rank, size))
    return (rng.normal(size=(rows, rank)) @ mixing + 0.1 * rng.normal(size=(rows, size))).astype("float32")


def rows_data(train, calibration, test, labels=None):
    splits = {"train": Split(train), "validation": NO_ROWS, "calibration": Split(calibration)}
    data = Data("rows", array_spec(train), **splits, test=Split(test, labels))
    return Recipe.of().prepare(data)


def accounts(rng, rows=400, size=5):
    mixing = np.eye(size) + 0.2 * rng.normal(size=(size, size))
    residual = (rng.normal(size=(rows, size)) @ mixing).astype("float32")
    return {
        "code": rng.normal(size=(rows, 3)).astype("float32"),
        "residual": residual + 0.5,
        "nll": np.square(residual) - 1,
        "x": rng.normal(size=(rows, size)).astype("float32"),
    }
