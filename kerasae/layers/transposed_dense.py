"""TransposedDense: a dense layer that uses the transposed kernel of another dense layer."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from kerasae.arguments import check_positive_integer
from kerasae.keras_classes import Layer


@keras.saving.register_keras_serializable(package="kerasae")
class TransposedDense(Layer):
    """`activation(x W^T + b)`, where `W` is the kernel of an encoder layer and `b` a bias of this layer.

    Tied weights halve the number of parameters. They also bind the scale of the decoder to that of the
    encoder, so that a model cannot escape a penalty on the code by scaling the encoder down and the
    decoder up. A new layer is not tied; the autoencoder that contains it calls `tie` when it is built.

    Args:
        units: Number of outputs, which is the number of inputs of the encoder layer.
        activation: Name or function of the activation. Defaults to `None`, no activation.
        use_bias: Whether to add a bias. Defaults to True.
        kernel_regularizer: Regulariser that the autoencoder gives to the layer of its code, if `W` is the
            kernel of that layer. The kernel is counted once, in the encoder. Defaults to `None`.

    Call arguments:
        inputs: Features of shape `(batch, features)`.

    Returns:
        A tensor of shape `(batch, units)`.

    Raises:
        ValueError: If the layer is called before `tie`, or tied to a kernel of another shape.

    Reference: Vincent et al. 2010, JMLR, section 2.2.
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_positive_integer("units", units)
        self.units = units
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self._kernel: Callable[[], Any] | None = None

    def build(self, input_shape: Any) -> None:
        self._features = input_shape[-1]
        self.bias = (
            self.add_weight(shape=(self.units,), initializer="zeros", name="bias") if self.use_bias else None
        )
        super().build(input_shape)

    def tie(self, dense: Any) -> None:
        """Use the `kernel` of a built Dense layer or token embedding, of shape `(units, features)`."""
        wanted = (self.units, self._features if self.built else dense.kernel.shape[1])
        if tuple(dense.kernel.shape) != wanted:
            raise ValueError(
                f"A tied layer of {self.units} units needs a kernel of shape {wanted}, received one of "
                f"shape {tuple(dense.kernel.shape)}; mirror the widths of the encoder."
            )
        # A function hides the variable from Keras, which would track it as this layer's own.
        self._kernel = lambda: dense.kernel

    def plain(self) -> keras.layers.Dense:
        """Return an equivalent Dense layer, with a copy of the kernel."""
        kernel = ops.transpose(self._borrowed())
        plain = keras.layers.Dense(
            self.units,
            activation=self.activation,
            use_bias=self.use_bias,
            dtype=self.dtype_policy,
            name=self.name,
        )
        plain.build((None, kernel.shape[0]))
        plain.set_weights([kernel, *([self.bias] if self.use_bias else [])])
        return plain

    def _borrowed(self) -> Any:
        if self._kernel is None:
            raise ValueError(
                f"Layer '{self.name}' is not tied yet; give its decoder and the encoder to an "
                "autoencoder, which ties them, or call `tie`."
            )
        return self._kernel()

    def call(self, inputs: Any) -> Any:
        kernel = ops.cast(self._borrowed(), self.compute_dtype)
        outputs = ops.matmul(inputs, ops.transpose(kernel))
        if self.bias is not None:
            outputs = outputs + ops.cast(self.bias, self.compute_dtype)
        return self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], self.units)

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        # A Sequential model runs its layers symbolically before the layer is tied.
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }
