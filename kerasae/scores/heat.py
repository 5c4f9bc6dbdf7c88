"""The hottest window of the residual of an image as an anomaly score, and its map."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import keras
import numpy as np
from keras import ops
from scipy.ndimage import uniform_filter

from kerasae.scores._base import Accounts, Score

#: Number of rows that the mean over all places counts as, in the expected square of each place.
_PRIOR_ROWS = 10
#: Smallest expected square of a place, as a share of the mean over all places.
_FLOOR = 0.01
#: Rows of pixels of an image of any size whose heat is computed at a time.
_STRIP = 256


@keras.saving.register_keras_serializable(package="kerasae")
class HeatScore(Score):
    """`max_p mean_{q near p} sum_c r_qc^2 / (C v_qc)` of the residual `r` of an image with `C` channels.

    `v` is the expected square of the residual at each pixel and channel. So a place that is always hard to
    reconstruct, such as an edge, counts less. The heat of a pixel is the mean of the whitened squares over
    the pixels of a window around it, which is about 1 on normal images. At a border the mean is over the
    pixels that exist. The score of an image is its greatest heat. A defect of a few pixels then counts as
    much in a large image as in a small one, where a sum over all pixels would drown it.

    A window of a series is a line of steps. The entries of other examples have no neighbours, and the score
    is the greatest whitened square.

    `v` is learned on the training rows, or on the validation split, if there is one, because the residuals
    of training rows are smaller. With few rows the estimate at a single pixel is coarse. It is therefore the
    mean of the squares there and of ten more rows that have the mean over all pixels. In crops of
    photographs, where a place has no meaning, all pixels end up with about the same `v`.

    Args:
        window: Number of pixels on a side of the window, from 1. Defects of about this size are found best.
            Defaults to 7.
        shape: Shape of an example, for images height, width and channels. Defaults to `None`, that of the
            preprocessor, or the number of features.

    Raises:
        ValueError: If `window` is no positive integer.

    Reference: Bergmann et al. 2019, CVPR (defects by the residuals of autoencoders, pixel by pixel).
    """

    unit: ClassVar[str | None] = "mean whitened square of the residual in a window, about 1 for usual pixels"
    needs: ClassVar[tuple[str, ...]] = ("residual",)
    any_size: ClassVar[bool] = True

    def __init__(self, *, window: int = 7, shape: tuple[int, ...] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(window, bool) or not isinstance(window, int) or window < 1:
            raise ValueError(f"`window` must be a positive integer, received {window!r}.")
        self.window = window
        self.shape = None if shape is None else tuple(shape)

    def suit(self, preprocessor: Any) -> None:
        if preprocessor is not None:
            self.shape = tuple(preprocessor.spec.shape)

    def build(self, input_shape: Any) -> None:
        self.shape = self.shape or (input_shape["residual"][-1],)
        #: Inverse of the expected square of each feature.
        self.inverse = self.add_weight(
            shape=(input_shape["residual"][-1],), trainable=False, name="inverse", initializer="ones"
        )
        super().build(input_shape)

    def adapt(self, accounts: Accounts, least: np.ndarray | None = None) -> Self:
        super().adapt(accounts, least)
        return self._learn(accounts)

    def adapt_to_new(self, accounts: Accounts) -> Self:
        return self._learn(accounts)

    def _learn(self, accounts: Accounts) -> Self:
        rows, total = 0, np.zeros(self.inverse.shape)
        for part in accounts():
            rows += len(part["residual"])
            total += np.square(part["residual"], dtype="float64").sum(axis=0)
        everywhere = float(total.mean()) / rows
        expected = (total + _PRIOR_ROWS * everywhere) / (rows + _PRIOR_ROWS)
        self.inverse.assign(1.0 / np.maximum(expected, _FLOOR * everywhere + 1e-12))
        return self

    def whitened(self, inputs: Mapping[str, Any]) -> Any:
        """Return the whitened squares of the residual, `(batch, features)`, about 1 each."""
        return ops.square(inputs["residual"]) * self.inverse

    @property
    def _grid(self) -> tuple[int, int, int]:
        """Height, width and channels of the examples."""
        shape = self.shape or (1,)
        if len(shape) == 3:
            return shape[0], shape[1], shape[2]
        return (shape[0], 1, shape[1]) if len(shape) == 2 else (1, math.prod(shape), 1)

    def heat(self, inputs: Mapping[str, Any]) -> Any:
        """Return the heat of each pixel, `(batch, height, width)`."""
        height, width, channels = self._grid
        window = 1 if height == 1 else self.window
        by_pixel = ops.mean(ops.reshape(self.whitened(inputs), (-1, height, width, channels)), axis=-1)
        if window == 1:
            return by_pixel
        # Means over rows and columns as two products: a pooling would be one more operation for each device.
        across = ops.matmul(ops.reshape(by_pixel, (-1, width)), _band(width, window))
        turned = ops.transpose(ops.reshape(across, (-1, height, width)), (0, 2, 1))
        along = ops.matmul(ops.reshape(turned, (-1, height)), _band(height, window))
        return ops.transpose(ops.reshape(along, (-1, width, height)), (0, 2, 1))

    def heat_of_image(self, residual: np.ndarray) -> np.ndarray:
        """Return the heat of an image of any size, `(height, width)`, float32.

        Its places are none of those of the fit. The expected square of a pixel is the mean over the places of
        the fit that are as far from the border, because a model knows less of what is near it. Distances from
        a quarter of the size on count as one.

        Args:
            residual: Residual of the image, `(height, width, channels)`.
        """
        by_distance = _by_distance(1.0 / np.reshape(self.inverse, self._grid))
        rows, columns = (
            np.minimum(np.minimum(np.arange(length), np.arange(length)[::-1]), most - 1)
            for length, most in zip(residual.shape[:2], by_distance.shape[:2], strict=True)
        )
        # At a border the mean is over the pixels that exist.
        down, across = (
            uniform_filter(np.ones(length, "float32"), self.window, mode="constant")
            for length in residual.shape[:2]
        )
        heat = np.empty(residual.shape[:2], "float32")
        for start in range(0, len(heat), _STRIP):
            inside = slice(start, start + _STRIP)
            around = slice(max(start - self.window, 0), start + _STRIP + self.window)
            by_pixel = np.mean(
                np.square(residual[around]) / by_distance[rows[around, None], columns], axis=-1
            )
            means = uniform_filter(by_pixel, self.window, mode="constant")[start - around.start :][:_STRIP]
            # Running sums may end a little below 0.
            heat[inside] = np.maximum(means / down[inside, None] / across, 0.0)
        return heat

    def maps(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        return {"heat": self.heat(inputs)} if len(self.shape or ()) == 3 else {}

    def call(self, inputs: Mapping[str, Any]) -> Any:
        return ops.max(self.heat(inputs), axis=(1, 2))

    def features(self, inputs: Mapping[str, Any]) -> Any:
        """Return the contribution of each feature, `(batch, features)`, which sum to the score.

        The score is divided by the whitened squares, each times the heat of its pixel.
        """
        height, width, channels = self._grid
        heat = self.heat(inputs)
        squares = ops.reshape(self.whitened(inputs), (-1, height, width, channels))
        parts = ops.reshape(squares * ops.expand_dims(heat, -1), ops.shape(inputs["residual"]))
        # The greatest heat, not the sum, keeps the numbers in range.
        hottest = ops.expand_dims(ops.max(heat, axis=(1, 2)), 1)
        parts = parts / ops.maximum(hottest, 1e-30)
        return parts * (hottest / ops.maximum(ops.sum(parts, axis=1, keepdims=True), 1e-30))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "window": self.window, "shape": self.shape}


def _band(length: int, window: int) -> np.ndarray:
    """Return the matrix, `(length, length)`, whose product with a line is the mean over a window around each.

    A window of an even length reaches one pixel further before than behind.
    """
    place = np.arange(length)
    offset = place[:, None] - place[None, :]
    inside = (offset >= -(window // 2)) & (offset <= (window - 1) // 2)
    return (inside / inside.sum(axis=0)).astype("float32")


def _by_distance(values: np.ndarray) -> np.ndarray:
    """Return the mean of values by their distance from the border, `(rows, columns, channels)`.

    Args:
        values: Values of each place, `(height, width, channels)`.
    """
    for axis in (0, 1):
        values = (values + np.flip(values, axis)) / 2
        length, most = values.shape[axis], values.shape[axis] // 4
        near, middle, _ = np.split(values, [most, length - most], axis)
        values = np.concatenate([near, middle.mean(axis, keepdims=True)], axis)
    return values
