"""TransposedDense: a dense layer that borrows the transposed kernel of another."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerasae")
class TransposedDense(keras.layers.Layer):
    """`activation(x W^T + b)` with `W` the kernel of the encoder's layer and `b` its own.

    Tied weights halve the parameters, and they bind the scale of the decoder to that of the
    encoder, so that a penalty on the code cannot be escaped by scaling the one down and the other
    up. The layer is made untied; the autoencoder that gets it calls `tie` when it is built.

    Args:
        units: width of the output, which is the input width of the layer to tie to.
        activation: name or function of the activation.
        use_bias: whether to add a bias of its own.

    Call arguments:
        inputs: `(batch, features)`.

    Returns:
        `(batch, units)`.

    Raises:
        ValueError: when called before `tie`, or tied to a kernel that does not fit.

    Reference: Vincent et al. 2010, JMLR, section 2.2.
    """

    def __init__(self, units: int, activation: Any = None, use_bias: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(units, int) or isinstance(units, bool) or units < 1:
            raise ValueError(f"`units` must be a positive integer, received {units!r}.")
        self.units = units
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self._kernel: Callable[[], Any] | None = None

    def build(self, input_shape: Any) -> None:
        self._features = input_shape[-1]
        self.bias = (
            self.add_weight(shape=(self.units,), initializer="zeros", name="bias") if self.use_bias else None
        )
        super().build(input_shape)

    def tie(self, dense: Any) -> None:
        """Borrows the `kernel` of a built Dense layer, or of a token embedding, `(units, features)`."""
        wanted = (self.units, self._features if self.built else dense.kernel.shape[1])
        if tuple(dense.kernel.shape) != wanted:
            raise ValueError(
                f"A tied layer of {self.units} units needs a kernel of shape {wanted}, received one of "
                f"shape {tuple(dense.kernel.shape)}; mirror the widths of the encoder."
            )
        # A function, as Keras would track a layer or a variable as this layer's own.
        self._kernel = lambda: dense.kernel

    def plain(self) -> keras.layers.Dense:
        """A plain Dense layer that computes the same, with a copy of the kernel."""
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
        # A Sequential model runs its layers symbolically, before there is a kernel to borrow.
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
        }
