"""LifetimeSparsity: keeps the largest numbers of each unit over the examples of a batch."""

from typing import Any

import keras
from keras import ops

from kerasae.keras_classes import Layer


@keras.saving.register_keras_serializable(package="kerasae")
class LifetimeSparsity(Layer):
    """`h_ij` if it is among the largest `round(lifetime * batch)` numbers of its unit `j`, otherwise 0.

    Each unit keeps the same share of the examples of a training batch, and there is no weight to tune. The
    gradient flows only through the kept numbers. Numbers equal to the smallest kept one are kept too. Every
    unit keeps at least one number. On several devices, each looks at its own part of a batch.

    Outside training the layer returns its input, because a code must not depend on the other examples of its
    batch. With a ReLU before the layer, the codes are then sparse as well, but not to the same share.

    Args:
        lifetime: Share of the examples of a batch on which each unit keeps its number, in (0, 1]. A batch
            should have at least `1 / lifetime` examples. Defaults to 0.05.

    Call arguments:
        inputs: Codes of shape `(batch, latent_dim)`.
        training: Whether numbers are set to 0. Defaults to False.

    Returns:
        Codes of the same shape.

    Raises:
        ValueError: If `lifetime` is not in (0, 1].

    Example:
        >>> from kerasae.layers import LifetimeSparsity
        >>> codes = ops.array([[3.0, 1.0], [2.0, 4.0]])
        >>> LifetimeSparsity(0.5)(codes, training=True).numpy().tolist()
        [[3.0, 0.0], [0.0, 4.0]]

    Reference: Makhzani and Frey 2015, *Winner-Take-All Autoencoders*, NIPS, section 2.
    """

    def __init__(self, lifetime: float = 0.05, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        number = isinstance(lifetime, int | float) and not isinstance(lifetime, bool)
        if not number or not 0 < lifetime <= 1:
            raise ValueError(f"`lifetime` must be in (0, 1], received {lifetime!r}.")
        self.lifetime = lifetime

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        batch = ops.shape(inputs)[0]
        count = ops.cast(ops.round(self.lifetime * ops.cast(batch, "float32")), "int32")
        # A short batch may leave a device without rows.
        count = ops.minimum(ops.maximum(count, 1), batch)
        largest, _ = ops.top_k(ops.transpose(inputs), count)
        return inputs * ops.cast(inputs >= ops.min(largest, axis=-1), inputs.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "lifetime": self.lifetime}
