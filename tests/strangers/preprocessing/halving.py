"""Halves of numbers: the least that a preprocessor writes."""

import dataclasses
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.preprocessing import Preprocessor
from kerasae.spec import Spec


@keras.saving.register_keras_serializable(package="strangers")
class Halving(Preprocessor):
    """`x = (raw + offset) / 2`.

    Args:
        spec: Spec of the raw examples.
        offset: Number that is added first, in raw units. Defaults to 0.
    """

    def __init__(self, spec: Spec | dict[str, Any], *, offset: float = 0.0, **kwargs: Any) -> None:
        super().__init__(spec, **kwargs)
        self.offset = offset

    @property
    def affine(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array(-self.offset), np.array(2.0)

    def counted_from(self, origin: Any) -> "Halving":
        spec = dataclasses.replace(self.spec, dtype="float32")
        return Halving(spec, offset=self.offset + float(np.max(origin)))

    def call(self, inputs: Any) -> Any:
        return ops.cast((ops.cast(inputs, self.precision) + self.offset) * 0.5, "float32")

    def inverse(self, x: Any) -> Any:
        return ops.cast(x, self.precision) * 2.0 - self.offset

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "offset": self.offset}
