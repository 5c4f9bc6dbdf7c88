"""Identity: raw numbers without scaling."""

import dataclasses
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.preprocessing._base import Preprocessor

#: Share of its range that a feature may lose to rounding without a warning.
_ROUNDED = 0.01


@keras.saving.register_keras_serializable(package="kerasae")
class Identity(Preprocessor):
    """`x = raw`, as float32.

    Warns:
        UserWarning: if a feature loses more than a hundredth of its range to the rounding to float32.
    """

    def fit_chunks(self, chunks: Callable[[], Iterable[Any]]) -> "Identity":
        if self.precision == "float64":
            bounds = np.array([(part.min(axis=0), part.max(axis=0)) for part in chunks()], "float64")
            low, high = bounds[:, 0].min(axis=0), bounds[:, 1].max(axis=0)
            step = np.spacing(np.maximum(np.abs(low), np.abs(high)).astype("float32")).astype("float64")
            lost = np.flatnonzero((high > low) & (step > _ROUNDED * (high - low)))
            if lost.size:
                warnings.warn(
                    f"Feature {lost[0]} (counted from 0) spans {(high - low).flat[lost[0]]:.4g} around "
                    f"{low.flat[lost[0]]:.4g}, where float32 has steps of {step.flat[lost[0]]:.4g}: its "
                    "digits are lost; use --set preprocessing.name=standardization.",
                    stacklevel=2,
                )
        return self

    def call(self, inputs: Any) -> Any:
        return ops.cast(inputs, "float32")

    @property
    def ends(self) -> tuple[float, float] | None:
        known = self.spec.low is not None and self.spec.high is not None
        return (self.spec.low, self.spec.high) if known else None  # type: ignore[return-value]

    @property
    def affine(self) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((), "float64"), np.ones((), "float64")

    def at_shape(self, shape: tuple[int, ...]) -> "Identity":
        spec = dataclasses.replace(self.spec, shape=shape)
        return Identity(**{**self.get_config(), "spec": spec})

    def counted_from(self, origin: Any) -> Preprocessor:
        if np.any(origin):
            raise ValueError("Numbers that are fed as they are have no origin but 0.")
        return Identity(dataclasses.replace(self.spec, dtype="float32"))

    def inverse(self, x: Any) -> Any:
        return ops.cast(x, "float32")
