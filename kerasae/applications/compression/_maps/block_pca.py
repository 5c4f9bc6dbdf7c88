"""BlockPCA: the components of square blocks of pixels, as a codec whose code is a map."""

from typing import Any, Self

import numpy as np

from kerasae.data import Data
from kerasae.preprocessing import Preprocessor

#: Number of rows of the sample from which components are computed.
_FITTED = 2000


class BlockPCA:
    """Principal components of blocks of `x`, all of them: what a transform such as that of JPEG can do.

    Args:
        side: Pixels on a side of a block. Defaults to 8.
    """

    preprocessor: Preprocessor | None

    def __init__(self, side: int = 8) -> None:
        self.side = side

    def fit(self, data: Data) -> Self:
        """Compute the components from the training split."""
        self.preprocessor = data.preprocessor
        self.shape = tuple(data.spec.shape)
        x = np.concatenate([x for _, x in data.drawn("train", _FITTED).parts("train")])
        blocks = self._blocks(x).reshape(-1, self.side**2 * x.shape[-1]).astype("float64")
        self.mean = blocks.mean(axis=0)
        vectors = np.linalg.eigh(np.atleast_2d(np.cov(blocks.T)))[1]
        self.components = np.ascontiguousarray(vectors[:, ::-1])
        return self

    @property
    def numbers(self) -> int:
        """Numbers of a place."""
        return len(self.mean)

    def mapped(self, x: np.ndarray) -> np.ndarray:
        """Return the codes of `x`, `(rows, height, width, channels)`, as maps."""
        codes: np.ndarray = ((self._blocks(x) - self.mean) @ self.components).astype("float32")
        return codes

    def decode_map(self, codes: np.ndarray, height: int, width: int) -> np.ndarray:
        """Return `x` of maps, `(rows, height, width, channels)`."""
        blocks = codes @ self.components.T + self.mean
        rows, down, across = codes.shape[:3]
        parts = blocks.reshape(rows, down, across, self.side, self.side, -1).swapaxes(2, 3)
        return parts.reshape(rows, down * self.side, across * self.side, -1)[:, :height, :width]

    def decode(self, codes: Any) -> np.ndarray:
        """Return `x` of codes of the size of the training, `(rows, places * numbers)`."""
        down, across = (-(-size // self.side) for size in self.shape[:2])
        maps = np.asarray(codes).reshape(len(codes), down, across, self.numbers)
        return self.decode_map(maps, *self.shape[:2])

    def _blocks(self, x: np.ndarray) -> np.ndarray:
        more = [(0, -size % self.side) for size in x.shape[1:3]]
        padded = np.pad(x, [(0, 0), *more, (0, 0)], "edge")
        rows, height, width, channels = padded.shape
        size = self.side
        parts = padded.reshape(rows, height // size, size, width // size, size, channels).swapaxes(2, 3)
        return parts.reshape(rows, height // size, width // size, -1)
