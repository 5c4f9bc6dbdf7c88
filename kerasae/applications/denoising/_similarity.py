"""Similarity of images to their truth: PSNR and SSIM, part by part."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

#: PSNR of an image that equals its truth, in dB; the formula would give infinity.
HIGHEST_PSNR = 100.0


@dataclasses.dataclass(frozen=True)
class Strip:
    """Rows of pixels of an image, and those around them.

    Args:
        seen: Rows with `halo` more on each side, as far as the image reaches.
        kept: The rows themselves, counted from the first seen one.
    """

    seen: slice
    kept: slice


def strips(height: int, most: int, halo: int) -> Iterator[Strip]:
    """Divide the rows of an image into strips.

    Args:
        height: Number of rows of the image.
        most: Largest number of rows of a strip.
        halo: Number of rows around a strip on which its pixels depend.
    """
    for start in range(0, height, most):
        end = min(start + most, height)
        first = max(start - halo, 0)
        yield Strip(slice(first, min(end + halo, height)), slice(start - first, end - first))


def squared_error(image: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the sum of the squared differences of images, `(rows,)`."""
    return np.square(image - other).reshape(len(image), -1).sum(axis=1)


def psnr(error: np.ndarray) -> np.ndarray:
    """Return the peak signal-to-noise ratio, in dB, of images in [0, 1] by their mean squared errors."""
    return -10.0 * np.log10(np.maximum(error, 10.0 ** (-HIGHEST_PSNR / 10.0)))


def ssim(one: np.ndarray, other: np.ndarray, window: int) -> np.ndarray:
    """Return the structural similarity of images in [0, 1], the mean over all windows, `(rows,)`.

    Args:
        one: Images, `(rows, height, width, channels)`.
        other: Other images of the same shape.
        window: Pixels on a side of a window, at most the height and the width.
    """
    pair = (tf.constant(images, tf.float32) for images in (one, other))
    return tf.image.ssim(*pair, max_val=1.0, filter_size=window).numpy()


def window_of(size: tuple[int, ...]) -> int:
    """Return the window size of SSIM for images of some height and width, in pixels per side.

    The window has 11 pixels per side as in Wang et al. 2004, or the largest odd number that fits. SSIM is not
    defined for windows below 3 pixels.
    """
    least = min(11, *size)
    return least - 1 + least % 2
