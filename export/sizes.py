"""Sizes: images of a run in another height and width, and how many of them prove an artifact."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kerasae.arguments import check_positive_integer
from kerasae.kinds import kind_of
from kerasae.spec import Spec

#: Largest number of pixels of an image of a fixed size. A file of more takes gigabytes to convert, because
#: the calibration of int8 keeps the tensors of all layers.
MOST_PIXELS = 2**19
#: Number of pixels of all images on which an artifact is proved, and the smallest number of images: with
#: fewer, two scores that change places would exceed the tolerance of the rank correlation. A map has the same
#: weights at each place, so that a large image shows them many inputs.
_PIXELS, _LEAST = 3 * 2**19, 24
#: The same for the images that set the ranges of int8. An interpreter keeps the tensors of all layers there.
_OBSERVED_PIXELS, _LEAST_OBSERVED = 2**19, 8


def checked_size(size: Sequence[int]) -> tuple[int, int]:
    """Return height and width of images.

    Raises:
        ValueError: If they are not two positive integers, or an artifact would take too much memory.
    """
    if isinstance(size, str) or len(size) != 2:
        raise ValueError(f"`size` must be a height and a width in pixels, received {size!r}.")
    for name, length in zip(("height", "width"), size, strict=True):
        check_positive_integer(name, length)
    height, width = size
    if height * width > MOST_PIXELS:
        raise ValueError(
            f"Expected a size of at most {MOST_PIXELS:,} pixels, received {height} x {width}: a file of more "
            "takes too much memory. Send larger images in tiles, or to `reconstruct_any_size` of the "
            "SavedModel."
        )
    return height, width


def rows_for(spec: Spec, most: int) -> int:
    """Return how many examples prove an artifact: `most`, or fewer if they are large images."""
    return _rows_within(spec, most, _PIXELS, _LEAST)


def observed_rows(spec: Spec, most: int) -> int:
    """Return how many examples set the ranges of int8: `most`, or fewer if they are large images."""
    return _rows_within(spec, most, _OBSERVED_PIXELS, _LEAST_OBSERVED)


def _rows_within(spec: Spec, most: int, pixels: int, least: int) -> int:
    if not kind_of(spec).is_picture:
        return most
    return min(most, max(least, pixels // (spec.shape[0] * spec.shape[1])))


def images_of(split: Any, most: int, height: int, width: int) -> np.ndarray:
    """Return at most `most` raw images of a split in another size.

    Photographs are cut into images that do not overlap. Other images are cut or mirrored.
    """
    if not hasattr(split, "whole"):
        return at_size_of(split.drawn(most).examples, height, width)
    photos = split.whole()
    order = np.random.default_rng(0).permutation(len(photos))
    images: list[np.ndarray] = []
    for photo in photos.rows(order).chunks():
        images += list(_parts(photo, height, width))
        if len(images) >= most:
            break
    return np.concatenate(images[:most])


def _parts(image: np.ndarray, height: int, width: int) -> Iterator[np.ndarray]:
    rows, columns = (max(1, image.shape[1] // height), max(1, image.shape[2] // width))
    for row in range(rows):
        for column in range(columns):
            part = image[:, row * height :, column * width :]
            yield at_size_of(part, height, width)


def at_size_of(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return images in another size: cut at the end, or continued by their mirror image.

    Args:
        images: Images, `(rows, height, width, channels)`.
        height: Wanted height in pixels.
        width: Wanted width in pixels.
    """
    more = [max(0, wanted - size) for wanted, size in zip((height, width), images.shape[1:3], strict=True)]
    return np.pad(images, [(0, 0), *((0, end) for end in more), (0, 0)], "symmetric")[:, :height, :width]
