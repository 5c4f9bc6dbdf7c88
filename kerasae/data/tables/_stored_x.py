"""`x` of a stored table in a file, float32, row by row."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

#: Number of rows in a block, and number of blocks that are mixed at a time.
_BLOCK, _MIXED = 256, 256


def windows(
    where: Path, rows: int, shape: tuple[int, ...], draw: np.random.Generator
) -> Iterator[np.ndarray]:
    """Give all rows once, some blocks at a time, mixed.

    Args:
        where: File of `x`.
        rows: Number of its rows.
        shape: Shape of a row.
        draw: Generator that draws the order.
    """
    starts = draw.permutation(np.arange(0, rows, _BLOCK))
    for position in range(0, len(starts), _MIXED):
        chosen = starts[position : position + _MIXED]
        window = np.concatenate([read_x(where, start, min(_BLOCK, rows - start), shape) for start in chosen])
        yield window[draw.permutation(len(window))]


def read_x(where: Path, start: int, rows: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return some rows of `x`, `(rows, *shape)`, float32, from row `start` on."""
    size = int(np.prod(shape))
    return np.fromfile(where, "float32", rows * size, offset=4 * start * size).reshape(rows, *shape)
