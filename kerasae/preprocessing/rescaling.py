"""Rescaling: a range is scaled to [0, 1]."""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from kerasae.preprocessing._base import Preprocessor, check_scaled
from kerasae.spec import Spec


@keras.saving.register_keras_serializable(package="kerasae")
class Rescaling(Preprocessor):
    """`x = (raw - low) / (high - low)`.

    The spec gives the range if it is known (0 to 255 for uint8). Otherwise `fit` takes the smallest and the
    greatest value of the training split.

    With `dequantize`, an integer stands for an interval of width 1: `x = (raw - low + u) / (high - low + 1)`,
    which is (raw + u) / 256 for 8 bits. In training and validation, and in `VariationalAutoencoder.nll`, `u`
    is drawn from U(0, 1). Everywhere else it is 1/2, and integers are restored exactly. Then `-log p(x)` of a
    density, in raw units and averaged over `u`, is an upper bound of `-log P(raw)` of the integers (Jensen),
    and bits per dimension are those that papers report. Without `dequantize`, a density can be arbitrarily
    high at the few values of integers, and bits per dimension have no lower bound.

    Args:
        spec: Description of one raw example.
        low: Raw value that becomes 0. Defaults to `None`, for the value of the spec or the one that `fit`
            finds.
        high: Raw value that becomes 1. Defaults to `None`, for the value of the spec or the one that `fit`
            finds.
        dequantize: Whether integers are spread over intervals as above. It is meant for the densities
            `gaussian` and `laplace`. Defaults to `False`.

    Raises:
        ValueError: if the data hold only one value, if `low` is not below `high`, or if `dequantize` is set
            for data that are no integers.

    Reference: Theis, van den Oord, Bethge 2016, ICLR, section 3.1.
    """

    def __init__(
        self,
        spec: Spec | dict[str, Any],
        *,
        low: float | None = None,
        high: float | None = None,
        dequantize: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(spec, **kwargs)
        if dequantize and np.dtype(self.spec.dtype).kind not in "iu":
            raise ValueError(f"`dequantize` is for integers, received data of type {self.spec.dtype}.")
        self.dequantize = dequantize
        self.resampled = float(dequantize)
        self.draws = "dequantised" if dequantize else ""
        self.low = self.spec.low if low is None else low
        self.high = self.spec.high if high is None else high
        self._check()

    def _check(self) -> None:
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError(
                f"`low` must be below `high`, received {self.low:g} and {self.high:g}: data of one "
                "value cannot be rescaled."
            )

    def fit_chunks(self, chunks: Callable[[], Iterable[Any]]) -> "Rescaling":
        if self.low is None or self.high is None:
            bounds = np.array([(part.min(), part.max()) for part in chunks()], "float64")
            self.low = float(bounds[:, 0].min()) if self.low is None else self.low
            self.high = float(bounds[:, 1].max()) if self.high is None else self.high
            ends = np.full(self.spec.shape, self.low), np.full(self.spec.shape, self.high)
            self._check()
            check_scaled(self, *ends)
        self._check()
        return self

    def _range(self) -> tuple[float, float]:
        """Return the raw numbers that become 0 and 1."""
        if self.low is None or self.high is None:
            raise ValueError("The range is not known yet; call `fit` with the training examples.")
        half = 0.5 if self.dequantize else 0.0
        return self.low - half, self.high + half

    def call(self, inputs: Any) -> Any:
        low, high = self._range()
        x = ops.subtract(ops.cast(inputs, self.precision), low) * (1.0 / (high - low))
        return ops.cast(x, "float32")

    @property
    def ends(self) -> tuple[float, float]:
        return 0.0, 1.0

    @property
    def affine(self) -> tuple[np.ndarray, np.ndarray]:
        low, high = self._range()
        return np.array(low, "float64"), np.array(high - low, "float64")

    def at_shape(self, shape: tuple[int, ...]) -> "Rescaling":
        spec = dataclasses.replace(self.spec, shape=shape)
        return type(self)(**{**self.get_config(), "spec": spec})

    def counted_from(self, origin: Any) -> "Rescaling":
        low, high = self._range()
        spec = dataclasses.replace(self.spec, dtype="float32")
        return Rescaling(spec, low=low - float(origin), high=high - float(origin))

    def inverse(self, x: Any) -> Any:
        low, high = self._range()
        return ops.cast(x, self.precision) * (high - low) + low

    def augment(self, x: Any, seed: Any) -> Any:
        return self.drawn(x, seed)

    def drawn(self, x: Any, seed: Any) -> Any:
        if not self.dequantize:
            return x
        low, high = self._range()
        shift = tf.random.stateless_uniform(tf.shape(x), seed, -0.5, 0.5)
        return x + shift / (high - low)

    def get_config(self) -> dict[str, Any]:
        own = {"low": self.low, "high": self.high, "dequantize": self.dequantize}
        return {**super().get_config(), **own}
