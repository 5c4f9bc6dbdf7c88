"""Places: the order in which the places of maps are coded, and the neighbours of each."""

import dataclasses
from collections.abc import Sequence
from typing import Self

import numpy as np

#: Neighbours that are coded before a place, as steps in rows and columns: left, above, above left, above
#: right, two to the left, two above.
CODED = ((0, -1), (-1, 0), (-1, -1), (-1, 1), (0, -2), (-2, 0))
#: All neighbours of a place.
AROUND = tuple((row, column) for row in (-1, 0, 1) for column in (-1, 0, 1) if row or column)


@dataclasses.dataclass(frozen=True)
class Places:
    """Places of maps of any sizes, in waves: all neighbours of `CODED` lie in earlier waves.

    Args:
        sizes: Rows and columns of each map.
        index: Number of each coded place in the maps one after another, row by row, `(places,)`.
        starts: First place of each wave, and the number of places.
        coded: Numbers of the neighbours of each place in the order of coding, `(6, places)`. The number of
            places stands for those outside.
        around: Numbers of all neighbours, `(8, places)`.
    """

    sizes: tuple[tuple[int, int], ...]
    index: np.ndarray
    starts: np.ndarray
    coded: np.ndarray
    around: np.ndarray

    @classmethod
    def of(cls, sizes: Sequence[tuple[int, int]]) -> Self:
        """Return the places of maps with these rows and columns."""
        total = sum(rows * columns for rows, columns in sizes)
        waves, coded, around = [], [], []
        first = 0
        for rows, columns in sizes:
            row, column = (part.ravel() for part in np.mgrid[:rows, :columns])
            waves.append(2 * row + column)

            def numbers(
                steps: Sequence[tuple[int, int]],
                at: tuple[np.ndarray, np.ndarray] = (row, column),
                size: tuple[int, int] = (rows, columns),
                start: int = first,
            ) -> np.ndarray:
                found = []
                for down, right in steps:
                    there = at[0] + down, at[1] + right
                    inside = (there[0] >= 0) & (there[1] >= 0) & (there[0] < size[0]) & (there[1] < size[1])
                    found.append(np.where(inside, start + there[0] * size[1] + there[1], total))
                return np.stack(found)

            coded.append(numbers(CODED))
            around.append(numbers(AROUND))
            first += rows * columns
        wave = np.concatenate(waves)
        index = np.argsort(wave, kind="stable")
        # From a number of the maps one after another to the number in the order of coding.
        place = np.append(np.empty(total, "int64"), total)
        place[index] = np.arange(total)
        starts = np.append(np.flatnonzero(np.diff(wave[index], prepend=-1)), total)
        return cls(
            tuple(sizes),
            index,
            starts,
            place[np.concatenate(coded, axis=1)[:, index]],
            place[np.concatenate(around, axis=1)[:, index]],
        )

    def __len__(self) -> int:
        return len(self.index)

    @property
    def waves(self) -> list[slice]:
        """Places of each wave."""
        return [slice(*ends) for ends in zip(self.starts[:-1], self.starts[1:], strict=True)]

    def joined(self, maps: Sequence[np.ndarray]) -> np.ndarray:
        """Return maps, each `(rows, columns, numbers)`, in the order of coding, `(numbers, places)`."""
        flat = np.concatenate([one.reshape(-1, one.shape[-1]) for one in maps])
        return np.ascontiguousarray(flat[self.index].T)

    def parted(self, values: np.ndarray) -> list[np.ndarray]:
        """Return what `joined` put together."""
        flat = np.empty((len(self), len(values)), values.dtype)
        flat[self.index] = values.T
        ends = np.cumsum([rows * columns for rows, columns in self.sizes])[:-1]
        parts = np.split(flat, ends)
        return [part.reshape(*size, -1) for part, size in zip(parts, self.sizes, strict=True)]
