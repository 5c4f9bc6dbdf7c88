"""as_points: examples as points whose distances mean something, without any model."""

import numpy as np

from kerasae.data import Data, Examples
from kerasae.evaluation import TextPoints
from kerasae.kinds import kind_of


def as_points(data: Data, examples: Examples) -> np.ndarray:
    """Examples as rows of numbers, `(rows, features)`.

    Numbers as they stand in `x`; categories as indicators that put two different values at distance
    1; a missing entry as the mean of the training rows; texts as their TF-IDF vectors of length 1.

    Args:
        data: with the preprocessor, and the training texts that weigh the words.
        examples: a split, or some rows of one.
    """
    if data.spec.vocabulary:
        # Token ids have no distances.
        return TextPoints().fit(data).points(examples.examples)
    kind = kind_of(data.spec)
    return np.concatenate([kind.points(data.to_x(raw)) for raw in examples.chunks()])
