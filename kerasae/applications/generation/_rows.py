"""Generated rows of a table: drawn from the likelihood, with the values and gaps of training rows."""

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from kerasae.applications._filling.values import TableValues
from kerasae.applications.generation._followers import Followers
from kerasae.codec import Codec
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
        near: Raw training rows, some thousands.
        seed: Seed of the rows that define the values.
    """

    def __init__(self, codec: Codec, data: Data, near: Any, seed: int) -> None:
        self._codec = codec
        self._values = TableValues(data, seed)
        self._followers = Followers(data, seed)
        self._gaps = np.isnan(data.to_x(near))
        self._index = NearestNeighbors(n_neighbors=min(_NEAREST, len(near))).fit(codec.transform(near))

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
        draw = getattr(self._codec, "draw", None)
        return np.asarray(self._codec.decode(codes) if draw is None else draw(codes, seed))
