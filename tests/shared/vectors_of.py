"""Vectors as data, some of them held out."""

import numpy as np

from kerasae.data import Data
from kerasae.data._split import Split
from kerasae.preprocessing.identity import Identity
from kerasae.spec import Spec


def vectors(x, rows=(600, 200)):
    """Vectors as data whose `x` they are."""
    spec = Spec("vector", x.shape[1:])
    train, calibration = rows
    splits = [Split(part) for part in np.split(x, [train, train + 100, train + 100 + calibration])]
    return Data("vectors", spec, splits[0], splits[1], splits[3], calibration=splits[2]).with_preprocessor(
        Identity(spec)
    )
