"""Ways through the code: paths between examples, and traversals of single numbers."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from kerasae.applications.generation._paths import PATHS

#: Percentiles of the training codes between which a traversal moves a number.
_ENDS = (1, 99)


class Ways:
    """Paths and traversals in the range of training codes.

    Args:
        first: Code of the first training row, `(1, latent_dim)`.
        ranges: 1st and 99th percentile of each number of the training codes, `(latent_dim, 2)`.
    """

    ranges: np.ndarray

    def __init__(self, first: np.ndarray, ranges: np.ndarray) -> None:
        self._first, self.ranges = first, ranges

    @classmethod
    def of_codes(cls, codes: np.ndarray) -> Self:
        """Return the ways among training codes, `(rows, latent_dim)`."""
        return cls(codes[:1], np.array([np.percentile(numbers, _ENDS) for numbers in codes.T]))

    def paths(self, codes: np.ndarray, steps: int, shape: str) -> list[np.ndarray]:
        """Return the codes along the path from each first code to the next, `(steps, latent_dim)` each.

        A single code is paired with that of the first training row.
        """
        if len(codes) == 1:
            codes = np.concatenate([codes, self._first])
        return [PATHS[shape](a, b, steps) for a, b in zip(codes[::2], codes[1::2], strict=False)]

    def traversal(self, code: np.ndarray, dimension: int, steps: int) -> np.ndarray:
        """Return a code, `(latent_dim,)`, with one number moved through its range, `(steps, latent_dim)`."""
        codes = np.tile(code, (steps, 1))
        low, high = self.ranges[dimension]
        codes[:, dimension] = np.linspace(low, high, steps)
        return codes

    def traversals(
        self, code: np.ndarray, steps: int, points_of: Callable[[np.ndarray], np.ndarray]
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return the traversals of all numbers of a code, those that change the example most first.

        Args:
            code: Code, `(latent_dim,)`.
            steps: Number of codes of a traversal.
            points_of: Function from codes to decoded examples as points.

        Returns:
            The codes, `(latent_dim * steps, latent_dim)`, and for each the number that moves and its value.
        """
        paths = [self.traversal(code, number, steps) for number in range(len(code))]
        moved = [np.linalg.norm(np.diff(points_of(codes), axis=0), axis=1).sum() for codes in paths]
        order = np.argsort(moved, kind="stable")[::-1]
        keys = {
            "z": np.repeat(order, steps),
            "value": np.concatenate([paths[number][:, number] for number in order]),
        }
        return np.concatenate([paths[number] for number in order]), keys

    def state(self) -> dict[str, Any]:
        """Return the first code and the ranges."""
        return {"first": self._first, "ranges": self.ranges}

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Self:
        """Return the ways whose `state` this is."""
        return cls(**state)
