"""Generated rows of a table: drawn from the likelihood, with the values and gaps of training rows."""

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from kerasae.applications._filling.values import TableValues
from kerasae.applications.generation._followers import Followers
from kerasae.codec import Codec, HasLikelihood
from kerasae.data import Data

#: Number of training rows with the nearest codes, one of which gives its gaps.
_NEAREST = 5


class MadeRows:
    """Rows of a table for codes, drawn from the likelihood, with numbers and gaps as in the training rows.

    A likelihood does not model gaps. A generated row has those of one of the five training rows with the
    nearest codes.

    Args:
        codec: Codec that decodes; without a likelihood its reconstructions are used.
        data: Data of a table, with the preprocessor.
        near: Raw training rows, at most some thousands.
        seed: Seed of the rows that define the values.
    """

    def __init__(self, codec: Codec, data: Data, near: Any, seed: int) -> None:
        self._codec = codec
        self._values = TableValues(data, seed)
        self._followers = Followers(data, seed)
        self._learn(np.isnan(data.to_x(near)), codec.transform(near))

    def _learn(self, gaps: np.ndarray, codes: np.ndarray) -> None:
        """Take the gaps, `(rows, columns)`, and the codes, `(rows, latent_dim)`, of training rows."""
        self._gaps, self._codes = gaps, codes
        self._index = NearestNeighbors(n_neighbors=min(_NEAREST, len(codes))).fit(codes)

    def fit(self, codes: np.ndarray, seed: int) -> Self:
        """Fit the distribution of the numbers, on codes that are drawn as later ones."""
        x = self._x(codes, seed)
        self._values.fit(x)
        self._followers.fit(x)
        return self

    def frame(self, codes: np.ndarray, seed: int) -> pd.DataFrame:
        """Return a row for each code."""
        near = self._index.kneighbors(codes, return_distance=False)
        draw = np.random.default_rng([seed, 1])
        lenders = near[np.arange(len(codes)), draw.integers(near.shape[1], size=len(codes))]
        x = self._x(codes, seed)
        frame = self._values.rounded(self._followers.apply(self._values.frame(x), x))
        return self._values.with_gaps(frame, self._gaps[lenders])

    def _x(self, codes: np.ndarray, seed: int) -> np.ndarray:
        if isinstance(self._codec, HasLikelihood):
            return self._codec.draw(codes, seed)
        return np.asarray(self._codec.decode(codes))

    def state(self) -> dict[str, Any]:
        """Return the values and the order of the columns, and the gaps and the codes of training rows."""
        return {
            "values": self._values.state(),
            "followers": self._followers.state(),
            "gaps": self._gaps,
            "codes": self._codes,
        }

    @classmethod
    def of_state(cls, state: dict[str, Any], codec: Codec) -> Self:
        """Return the object whose `state` this is, with the codec that decodes."""
        rows = cls.__new__(cls)
        rows._codec = codec
        rows._values = TableValues.of_state(state["values"], codec.preprocessor)
        rows._followers = Followers.of_state(state["followers"], codec.preprocessor)
        rows._learn(state["gaps"], state["codes"])
        return rows
