"""Similarity of images to their truth: PSNR and SSIM."""

import numpy as np
import tensorflow as tf

#: PSNR of an image that equals its truth, in dB; the formula would give infinity.
HIGHEST_PSNR = 100.0


def psnr(image: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the peak signal-to-noise ratio of images in [0, 1], in dB, `(rows,)`."""
    error = np.square(image - other).reshape(len(image), -1).mean(axis=1)
    return -10.0 * np.log10(np.maximum(error, 10.0 ** (-HIGHEST_PSNR / 10.0)))


def ssim(one: np.ndarray, other: np.ndarray) -> np.ndarray | None:
    """Return the structural similarity of images in [0, 1], `(rows,)`; `None` below 3 pixels per side.

    The window has 11 pixels per side as in Wang et al. 2004, or the largest odd number that fits.
    """
    window = window_of(one.shape[1:3])
    if window < 3:
        return None
    pair = (tf.constant(images, tf.float32) for images in (one, other))
    return tf.image.ssim(*pair, max_val=1.0, filter_size=window).numpy()


def window_of(size: tuple[int, ...]) -> int:
    """Return the window size of SSIM for images of some height and width, in pixels per side."""
    least = min(11, *size)
    return least - 1 + least % 2
