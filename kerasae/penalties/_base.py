"""Penalty: base class of the terms of an objective, as a layer."""

from typing import Any, ClassVar

import keras
import tensorflow as tf
from keras import ops

from kerasae.keras_classes import Layer


class Penalty(Layer):
    """Adds `weight * mean(measure)` to the loss and returns its first argument unchanged.

    Subclasses implement `measure(...)`, the term of the paper: one number per example, or a scalar if the
    term is a statistic of a collection of samples. The name of the layer is the name of the term in the
    log. The term is always computed in float32: Keras sums what `add_loss` receives, and refuses float16.

    Args:
        weight: Factor of the term, at least 0. Defaults to 1.

    Call arguments:
        inputs: Tensor that is measured, usually codes of shape `(batch, latent_dim)`.
        sample_weight: Weights of the examples, `(batch,)`. As for a loss of Keras, the sum of the weighted
            terms is divided by the number of examples. Defaults to `None`, equal weights.
        training: Whether the model is in training; some terms behave differently there. Defaults to False.

    Returns:
        `inputs`, unchanged.

    Raises:
        ValueError: If `weight` is negative.
    """

    #: Whether a model can send the term to 0 at the same error by scaling the code down and the decoder up.
    escapable: ClassVar[bool] = False
    #: Whether the term is defined only for codes in [0, 1].
    needs_unit_interval: ClassVar[bool] = False

    def __init__(self, weight: float = 1.0, **kwargs: Any) -> None:
        # Codes pass through unchanged: they must not be cast to the float32 of this layer.
        kwargs.setdefault("autocast", False)
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not weight >= 0:
            raise ValueError(f"`weight` must be non-negative, received {weight!r}.")
        self.weight = weight
        self.supports_masking = True

    def measure(self, inputs: Any) -> Any:
        """Return the unweighted term of each example, `(batch,)`."""
        raise NotImplementedError(f"{type(self).__name__} must write `measure`.")

    def call(self, inputs: Any, sample_weight: Any = None, training: bool = False) -> Any:
        measured = self.measure(ops.cast(inputs, "float32"))
        self.add_loss(self.weight * average(measured, sample_weight))
        return inputs

    def update(self, codes: Any, sample_weight: Any = None) -> None:
        """Update state across batches. Only `train_step` calls it, after the gradient is applied."""

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def compute_output_spec(self, inputs: Any, *arguments: Any, **context: Any) -> Any:
        # Codes keep their own precision, which may differ from that of the penalty.
        return keras.tree.map_structure(lambda tensor: keras.KerasTensor(tensor.shape, tensor.dtype), inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weight": self.weight}


def average(measured: Any, sample_weight: Any = None) -> Any:
    """Return the mean over examples, each multiplied by its weight."""
    if sample_weight is not None:
        measured = measured * ops.reshape(ops.cast(sample_weight, measured.dtype), (-1,))
    mean = ops.mean(measured)
    return mean if len(measured.shape) == 0 else unless_empty(mean, measured)


def unless_empty(value: Any, batch: Any, otherwise: Any = 0.0) -> Any:
    """Return `value`, a statistic of the rows of `batch`, or `otherwise` if there are no rows.

    A short batch may leave a device without rows, and its NaN would be that of all devices.
    """
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return value
    return ops.where(ops.equal(ops.shape(batch)[0], 0), ops.cast(otherwise, value.dtype), value)
