"""Numbers that are fed as they are."""

from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.preprocessing._base import Preprocessor


@keras.saving.register_keras_serializable(package="kerasae")
class Identity(Preprocessor):
    """`x = raw`, as float32."""

    def call(self, inputs: Any) -> Any:
        return ops.cast(inputs, "float32")

    @property
    def affine(self) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((), "float64"), np.ones((), "float64")

    def inverse(self, x: Any) -> Any:
        return ops.cast(x, "float32")
