"""Fidelity of images: PSNR and SSIM, averaged over images."""

from collections import defaultdict
from typing import Any, ClassVar

import numpy as np
from scipy import ndimage

from kerasae.applications._pictures import scaled
from kerasae.applications.denoising._fidelity import Change
from kerasae.applications.denoising._similarity import psnr, squared_error, ssim, strips, window_of
from kerasae.metrics import Metric, RowSums

#: Values of images that are compared at a time, in float64.
_VALUES = 2**21
#: Rows around a strip on which the filters depend: four deviations of the Gaussian one.
_HALO = 4
_MEDIAN, _GAUSSIAN = "a median filter of 3 x 3 pixels", "a Gaussian filter of 1 pixel"


class ImageFidelity:
    """PSNR and SSIM, averaged over images.

    Args:
        low: Raw value of black.
        high: Raw value of white.
        filters: Whether to measure filters that learn nothing too.
    """

    decisive: ClassVar[str] = "psnr_after"
    in_x: ClassVar[bool] = False

    def __init__(self, low: float, high: float, filters: bool) -> None:
        self._range = low, high
        self._filters = filters
        # Values of each image, by the key of the metric and by the name of the filter.
        self._measured: dict[str, list[np.ndarray]] = {}
        self._filtered: dict[str, list[np.ndarray]] = {_MEDIAN: [], _GAUSSIAN: []}

    def add(self, noisy: np.ndarray, clean: np.ndarray, truth: np.ndarray) -> None:
        """Add a part of the examples, raw. Large images are compared in strips."""
        rows, height, width, channels = truth.shape
        errors: defaultdict[str, Any] = defaultdict(float)
        similar: defaultdict[str, Any] = defaultdict(float)
        window = window_of((height, width))
        most = max(64, _VALUES // (rows * width * channels))
        for strip in strips(height, most, max(_HALO, window - 1)):
            parts = [scaled(images[:, strip.seen], *self._range) for images in (noisy, clean, truth)]
            before, after, target = (part[:, strip.kept] for part in parts)
            errors["psnr_before"] += squared_error(before, target)
            errors["psnr_after"] += squared_error(after, target)
            # The windows that begin in the strip.
            below = parts[2].shape[1] - strip.kept.start
            begun = min(below - window + 1, target.shape[1])
            if window >= 3 and begun > 0:
                ends = np.s_[:, strip.kept.start : strip.kept.start + begun + window - 1]
                first, second, whole = (part[ends] for part in parts)
                similar["ssim_before"] += begun * ssim(first, whole, window)
                similar["ssim_after"] += begun * ssim(second, whole, window)
            if self._filters:
                median = ndimage.median_filter(parts[0], size=(1, 3, 3, 1))
                smooth = ndimage.gaussian_filter(parts[0], sigma=(0, 1, 1, 0))
                for name, images in ((_MEDIAN, median), (_GAUSSIAN, smooth)):
                    errors[name] += squared_error(images[:, strip.kept], target)
        for key, error in errors.items():
            values = self._filtered if key in self._filtered else self._measured
            values.setdefault(key, []).append(psnr(error / (height * width * channels)))
        for key, total in similar.items():
            self._measured.setdefault(key, []).append(total / (height - window + 1))

    def changes(self) -> list[Change]:
        return [
            Change(
                "PSNR after cleaning",
                self._metric("psnr_before", "PSNR before (dB)", unit="dB"),
                self._metric("psnr_after", "PSNR after (dB)", lower=False, unit="dB"),
            ),
            Change(
                "SSIM after cleaning",
                self._metric("ssim_before", "SSIM before"),
                self._metric("ssim_after", "SSIM after", lower=False),
            ),
        ]

    def _metric(self, key: str, heading: str, lower: bool | None = None, unit: str = "") -> Metric:
        """Return a metric; its value is `None` if it was not measured."""
        if key not in self._measured:
            return Metric(key, heading, None, lower, unit)
        parts = self._measured[key]
        return Metric(key, heading, float(np.concatenate(parts).mean()), lower, unit, rows=[_by_image(parts)])

    def best_filter(self) -> tuple[str, RowSums] | None:
        """Return the better of two filters and the PSNR of each image; a user could not know which is better.

        The result is `None` if filters were not measured.
        """
        by_filter = {name: _by_image(parts) for name, parts in self._filtered.items() if parts}
        return max(by_filter.items(), key=lambda pair: pair[1].value or 0.0, default=None)


def _by_image(parts: list[np.ndarray]) -> RowSums:
    values = np.concatenate(parts).astype("float64")
    return RowSums(values, np.ones(len(values)))
