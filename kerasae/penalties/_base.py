"""Penalty: a named term of an objective, as a layer."""

from typing import Any, ClassVar

import keras
import tensorflow as tf
from keras import ops


class Penalty(keras.layers.Layer):
    """Adds `weight * mean(measure)` to the loss and passes its first argument through.

    Subclasses write `measure(...)`, the term of the paper: one number per example where it is one,
    a scalar where it speaks of a collection of samples. The layer's name is its name in the log.
    Always in float32: Keras sums what `add_loss` receives, and refuses float16.

    Args:
        weight: what the term is multiplied by, at least 0.

    Call arguments:
        inputs: what is measured.
        sample_weight: `(batch,)`, or `None`. Weighs the examples as Keras weighs losses: the sum
            of the weighted terms is divided by the number of examples.
        training: whether what a term does in training alone applies.

    Returns:
        `inputs`, unchanged.

    Raises:
        ValueError: if `weight` is negative.
    """

    #: Whether scaling the code down and the decoder up sends the term to 0 at unchanged error.
    escapable: ClassVar[bool] = False
    #: Whether the term has a meaning for codes in [0, 1] alone.
    needs_unit_interval: ClassVar[bool] = False

    def __init__(self, weight: float = 1.0, **kwargs: Any) -> None:
        # Codes pass through unchanged: no casting to this layer's own float32.
        kwargs.setdefault("autocast", False)
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not weight >= 0:
            raise ValueError(f"`weight` must be non-negative, received {weight!r}.")
        self.weight = weight
        self.supports_masking = True

    def measure(self, inputs: Any) -> Any:
        """The term, unweighted: `(batch,)`."""
        raise NotImplementedError(f"{type(self).__name__} must write `measure`.")

    def call(self, inputs: Any, sample_weight: Any = None, training: bool = False) -> Any:
        measured = self.measure(ops.cast(inputs, "float32"))
        self.add_loss(self.weight * average(measured, sample_weight))
        return inputs

    def update(self, codes: Any, sample_weight: Any = None) -> None:
        """Moves state that lives across batches; called by `train_step` alone, after the gradient."""

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def compute_output_spec(self, inputs: Any, *arguments: Any, **context: Any) -> Any:
        # Codes pass through in their own precision, whatever that of the penalty.
        return keras.tree.map_structure(lambda one: keras.KerasTensor(one.shape, one.dtype), inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weight": self.weight}


def average(measured: Any, sample_weight: Any = None) -> Any:
    """Mean over examples, each multiplied by its weight."""
    if sample_weight is not None:
        measured = measured * ops.reshape(ops.cast(sample_weight, measured.dtype), (-1,))
    mean = ops.mean(measured)
    if len(measured.shape) == 0 or tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return mean
    # Of a short batch a device may have no row.
    return ops.where(ops.equal(ops.shape(measured)[0], 0), ops.zeros_like(mean), mean)
