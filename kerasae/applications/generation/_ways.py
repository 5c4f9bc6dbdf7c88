"""Ways through the code: paths between examples, and traversals of single channels."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from kerasae.applications.generation._paths import PATHS

#: Percentiles of the training codes between which a traversal moves a number.
_ENDS = (1, 99)


class Ways:
    """Paths and traversals in the range of training codes.

    A traversal moves one channel. Each number of a code that is a vector is a channel. The channel of a map
    moves by the same amount at all places.

    Args:
        first: Code of the first training row, `(1, latent_dim)`.
        ranges: 1st and 99th percentile of the mean of each channel over the places of a training code,
            `(channels, 2)`.
    """

    ranges: np.ndarray

    def __init__(self, first: np.ndarray, ranges: np.ndarray) -> None:
        self._first, self.ranges = first, ranges

    @classmethod
    def of_codes(cls, codes: np.ndarray, channels: int | None = None) -> Self:
        """Return the ways among training codes.

        Args:
            codes: Codes of the training rows, `(rows, latent_dim)`.
            channels: Number of channels of a map. Defaults to `None`: the codes are vectors.
        """
        means = codes.reshape(len(codes), -1, channels or codes.shape[1]).mean(axis=1)
        return cls(codes[:1], np.array([np.percentile(numbers, _ENDS) for numbers in means.T]))

    def paths(self, codes: np.ndarray, steps: int, shape: str) -> list[np.ndarray]:
        """Return the codes along the path from each first code to the next, `(steps, latent_dim)` each.

        A single code is paired with that of the first training row.
        """
        if len(codes) == 1:
            codes = np.concatenate([codes, self._first])
        return [PATHS[shape](a, b, steps) for a, b in zip(codes[::2], codes[1::2], strict=False)]

    def traversal(self, code: np.ndarray, dimension: int, steps: int) -> np.ndarray:
        """Return a code, `(latent_dim,)`, with one channel moved through its range, `(steps, latent_dim)`."""
        maps = np.tile(code.reshape(1, -1, len(self.ranges)), (steps, 1, 1))
        low, high = self.ranges[dimension]
        # The channel of a vector has one place.
        maps[:, :, dimension] -= maps[:, :, dimension].mean(axis=1, keepdims=True)
        maps[:, :, dimension] += np.linspace(low, high, steps)[:, None]
        return maps.reshape(steps, -1)

    def traversals(
        self, code: np.ndarray, steps: int, points_of: Callable[[np.ndarray], np.ndarray]
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return the traversals of all channels of a code, those that change the example most first.

        Args:
            code: Code, `(latent_dim,)`.
            steps: Number of codes of a traversal.
            points_of: Function from codes to decoded examples as points.

        Returns:
            The codes, `(channels * steps, latent_dim)`, and for each the channel that moves and its mean.
        """
        paths = [self.traversal(code, number, steps) for number in range(len(self.ranges))]
        moved = [np.linalg.norm(np.diff(points_of(codes), axis=0), axis=1).sum() for codes in paths]
        order = np.argsort(moved, kind="stable")[::-1]
        keys = {
            "z": np.repeat(order, steps),
            "value": np.concatenate([self._means(paths[number])[:, number] for number in order]),
        }
        return np.concatenate([paths[number] for number in order]), keys

    def _means(self, codes: np.ndarray) -> np.ndarray:
        """Return the mean of each channel over the places, `(rows, channels)`."""
        return np.asarray(codes.reshape(len(codes), -1, len(self.ranges)).mean(axis=1))

    def state(self) -> dict[str, Any]:
        """Return the first code and the ranges."""
        return {"first": self._first, "ranges": self.ranges}

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Self:
        """Return the ways whose `state` this is."""
        return cls(**state)
