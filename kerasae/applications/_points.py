"""Points: examples as points with meaningful distances, without any model."""

from typing import Any, Self

import numpy as np

from kerasae.baselines import TextPoints
from kerasae.data import Data, Examples
from kerasae.kinds import kind_of


class Points:
    """Examples as rows of numbers whose distances mean something.

    Numbers are those of `x`. Categories are indicators, so that two different values have distance 1. A
    missing entry is the mean of the training rows. Texts are their TF-IDF vectors of length 1, because token
    ids have no meaningful distances.
    """

    def fit(self, data: Data) -> Self:
        """Learn how rare the words of texts are; other kinds of examples have nothing to learn."""
        self._texts = TextPoints().fit(data) if data.spec.vocabulary else None
        return self

    def of(self, data: Data, examples: Examples) -> np.ndarray:
        """Return the points of examples, `(rows, numbers)`.

        Args:
            data: Data with the preprocessor of the examples.
            examples: Split, or some rows of one.
        """
        points = kind_of(data.spec).points if self._texts is None else self._texts.points
        return np.concatenate([points(data.to_x(raw)) for raw in examples.chunks()])

    def state(self) -> dict[str, Any]:
        """Return what `fit` learned."""
        return {} if self._texts is None else {"texts": self._texts.state()}

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Self:
        """Return the object whose `state` this is."""
        points = cls()
        points._texts = TextPoints.of_state(state["texts"]) if "texts" in state else None
        return points
