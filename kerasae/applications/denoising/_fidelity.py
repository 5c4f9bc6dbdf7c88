"""Distance of examples to the truth before and after: PSNR and SSIM of images, errors of numbers."""

from typing import Any

import numpy as np
import tensorflow as tf
from scipy import ndimage

from kerasae.applications._pictures import scaled
from kerasae.metrics import RowSums

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


#: Headings of the figures of images.
_HEADINGS = ("PSNR before (dB)", "PSNR after (dB)", "SSIM before", "SSIM after")


class ImageFidelity:
    """PSNR and SSIM, averaged over images.

    Args:
        low: Raw value of black.
        high: Raw value of white.
        filters: Whether to measure filters that learn nothing too.
    """

    def __init__(self, low: float, high: float, filters: bool) -> None:
        self._range = low, high
        self._filters = filters
        self._found: dict[str, list[np.ndarray]] = {}

    def add(self, noisy: np.ndarray, clean: np.ndarray, truth: np.ndarray) -> None:
        """Add a part of the examples, raw."""
        before, after, target = (scaled(images, *self._range) for images in (noisy, clean, truth))
        for name, images in (("before", before), ("after", after)):
            self._keep(f"PSNR {name} (dB)", psnr(images, target))
            self._keep(f"SSIM {name}", ssim(images, target))
        if self._filters:
            self._keep("median", psnr(ndimage.median_filter(before, size=(1, 3, 3, 1)), target))
            self._keep("gaussian", psnr(ndimage.gaussian_filter(before, sigma=(0, 1, 1, 0)), target))

    def rows(self) -> dict[str, list[RowSums]]:
        """Return the contribution of each image to the figures, by heading."""
        return {name: [self._by_image(name)] for name in _HEADINGS if name in self._found}

    def _keep(self, name: str, values: np.ndarray | None) -> None:
        if values is not None:
            self._found.setdefault(name, []).append(values)

    def figures(self) -> dict[str, float | None]:
        """Return the figures by heading."""
        return {name: self._mean(name) for name in _HEADINGS}

    def best_filter(self) -> tuple[str, RowSums] | None:
        """Return the better of two filters and the PSNR of each image; a user could not know which is better.

        The result is `None` if filters were not measured.
        """
        names = {"median": "a median filter of 3 x 3 pixels", "gaussian": "a Gaussian filter of 1 pixel"}
        by_filter = {name: self._by_image(key) for key, name in names.items() if key in self._found}
        return max(by_filter.items(), key=lambda pair: pair[1].value or 0.0, default=None)

    def _by_image(self, name: str) -> RowSums:
        values = np.concatenate(self._found[name]).astype("float64")
        return RowSums(values, np.ones(len(values)))

    def _mean(self, name: str) -> float | None:
        return float(np.concatenate(self._found[name]).mean()) if name in self._found else None


class NumberFidelity:
    """Mean squared error in `x` over the numbers, and the share of wrong categories if there are some.

    Args:
        codes: Whether each column holds codes of categories; `None` if all are numbers.
    """

    def __init__(self, codes: np.ndarray | None) -> None:
        self._codes = codes
        # Loss and number of entries of each row.
        self._totals: dict[tuple[str, bool], list[np.ndarray]] = {}

    def add(self, noisy: np.ndarray, clean: np.ndarray, truth: np.ndarray) -> None:
        """Add a part of the examples, in `x`; entries that are missing in any of them do not count."""
        present = ~(np.isnan(noisy) | np.isnan(truth))
        for name, values in (("before", noisy), ("after", clean)):
            if self._codes is None:
                self._sum(name, False, np.square(values - truth, dtype="float64"), present)
                continue
            for code in (False, True):
                chosen = self._codes == code
                loss: Any = values != truth if code else np.square(values - truth, dtype="float64")
                self._sum(name, code, loss[:, chosen], present[:, chosen])

    def _sum(self, name: str, code: bool, loss: np.ndarray, present: np.ndarray) -> None:
        by_row = (
            values.reshape(len(values), -1).sum(axis=1) for values in (np.where(present, loss, 0.0), present)
        )
        self._totals.setdefault((name, code), []).append(np.stack([*by_row]))

    def figures(self) -> dict[str, float | None]:
        """Return the figures by heading."""
        return {heading: sums.value for heading, [sums] in self.rows().items()}

    def rows(self) -> dict[str, list[RowSums]]:
        """Return the contribution of each example to the figures, by heading."""
        kinds = {"error": False}
        if self._codes is not None and self._codes.any():
            kinds["categories wrong"] = True
        return {
            f"{what} {name}": [self._sums(name, code)]
            for what, code in kinds.items()
            for name in ("before", "after")
        }

    def _sums(self, name: str, code: bool) -> RowSums:
        return RowSums(*np.concatenate([*self._totals.get((name, code), []), np.zeros((2, 0))], axis=1))
