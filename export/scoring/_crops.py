"""Crops of an image of any size, each of the size that a model takes."""

from collections.abc import Iterator, Sequence

import numpy as np

#: Bytes of the crops that are cut at a time.
_PART = 2**22


def covering(shape: Sequence[int], size: Sequence[int]) -> np.ndarray:
    """Return the first pixels of crops that cover an image up to its edges, `(crops, 2)`.

    The crops form a grid from the upper left corner. Those of the last row and the last column are moved back
    to the edge, where they overlap with their neighbours.

    Args:
        shape: Height and width of the image in pixels. A length that is smaller than a crop has one crop.
        size: Height and width of a crop in pixels.
    """
    return _grid([_to_the_edge(*lengths) for lengths in zip(shape[:2], size[:2], strict=True)])


def separate(shape: Sequence[int], size: Sequence[int]) -> np.ndarray:
    """Return the first pixels of crops that do not overlap, `(crops, 2)`: the rows of a split of crops.

    The grid of the crops is centred in the image.

    Args:
        shape: Height and width of the image in pixels. A length that is smaller than a crop has one crop.
        size: Height and width of a crop in pixels.
    """
    return _grid([_centred(*lengths) for lengths in zip(shape[:2], size[:2], strict=True)])


def cut(image: np.ndarray, corners: np.ndarray, size: Sequence[int]) -> Iterator[np.ndarray]:
    """Give crops of an image in their order, as many at a time as fill 4 MB, `(crops, height, width, ...)`.

    Args:
        image: Image, `(height, width, channels)`. If it is smaller than a crop, it is continued as by a
            mirror.
        corners: First pixel of each crop, `(crops, 2)`.
        size: Height and width of a crop in pixels.
    """
    height, width = size[:2]
    more = [(0, max(wanted - length, 0)) for wanted, length in zip(size, image.shape, strict=False)][:2]
    if any(end for _, end in more):
        image = np.pad(image, [*more, (0, 0)], "symmetric")
    step = max(1, _PART // (height * width * image.shape[2] * image.itemsize))
    for start in range(0, len(corners), step):
        part = corners[start : start + step]
        yield np.stack([image[row : row + height, column : column + width] for row, column in part])


def _grid(firsts: Sequence[np.ndarray]) -> np.ndarray:
    return np.stack(np.meshgrid(*firsts, indexing="ij"), axis=-1).reshape(-1, 2)


def _to_the_edge(length: int, size: int) -> np.ndarray:
    last = max(length - size, 0)
    return np.append(np.arange(0, last, size), last)


def _centred(length: int, size: int) -> np.ndarray:
    # As `kerasae.data.photos` has them, which imports TensorFlow.
    count = max(length // size, 1)
    return max(length - count * size, 0) // 2 + size * np.arange(count)
