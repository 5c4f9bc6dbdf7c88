"""as_points: examples as points with meaningful distances, without any model."""

import numpy as np

from kerasae.baselines import TextPoints
from kerasae.data import Data, Examples
from kerasae.kinds import kind_of


def as_points(data: Data, examples: Examples) -> np.ndarray:
    """Return examples as rows of numbers, `(rows, features)`.

    Numbers are those of `x`. Categories are indicators, so that two different values have distance 1. A
    missing entry is the mean of the training rows. Texts are their TF-IDF vectors of length 1.

    Args:
        data: Data with the preprocessor, and with the training texts that weigh the words.
        examples: Split, or some rows of one.
    """
    if data.spec.vocabulary:
        # Token ids have no meaningful distances.
        return TextPoints().fit(data).points(examples.examples)
    kind = kind_of(data.spec)
    return np.concatenate([kind.points(data.to_x(raw)) for raw in examples.chunks()])
