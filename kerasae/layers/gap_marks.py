"""GapMarks: fills the missing readings of a window, and marks them."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.keras_classes import Layer


@keras.saving.register_keras_serializable(package="kerasae")
class GapMarks(Layer):
    """Replaces missing readings by 0, the mean of their channel, and appends a mark for some channels.

    A mark is 1 where the reading is missing and 0 elsewhere. A channel whose readings are never missing in
    training gets no mark: its weights would keep their random initial values.

    Args:
        marked: Indices of the channels that get a mark. Defaults to `()`.

    Call arguments:
        inputs: `x` of shape `(batch, steps, channels)`. A missing reading is NaN.

    Returns:
        A tensor of shape `(batch, steps, channels + marks)`.
    """

    #: The layers after an embedding are a smooth function of its output.
    is_embedding = True

    def __init__(self, marked: Sequence[int] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.marked = [int(channel) for channel in marked]

    def build(self, input_shape: Any) -> None:
        self._shape = tuple(input_shape[1:])
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        missing = ops.isnan(inputs)
        filled = ops.where(missing, ops.zeros_like(inputs), inputs)
        if not self.marked:
            return filled
        if len(self.marked) < inputs.shape[-1]:
            missing = ops.take(missing, np.array(self.marked, "int32"), axis=-1)
        return ops.concatenate([filled, ops.cast(missing, inputs.dtype)], axis=-1)

    def plain(self) -> keras.Model:
        """Return an equivalent model made only of Keras's layers."""
        inputs = keras.Input(self._shape)
        return keras.Model(inputs, self.call(inputs))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], input_shape[-1] + len(self.marked))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "marked": self.marked}
