"""DeterministicAutoencoder: base class of the families whose code is a function of the input."""

from collections.abc import Sequence
from typing import Any

import keras

from kerasae.layers import Rounding
from kerasae.layers.rounding import checked_steps
from kerasae.models._base import Autoencoder
from kerasae.models._code_layers import code_layer, flattening, through


class DeterministicAutoencoder(Autoencoder):
    """`h = s(features W + b)`: the code is computed by a dense layer with the activation `s`.

    This class is abstract. Its families are undercomplete, sparse, contractive and denoising. The code size
    is the input size of the decoder.

    Args:
        encoder: Model from `x`, `(batch, ...)`, to features, `(batch, features)`.
        decoder: Model from codes, `(batch, latent_dim)`, to the outputs that the loss reads.
        code_activation: Activation of the code, a name in `keras.activations`. Defaults to `"linear"`.
        code_steps: Smallest and largest step of the rounding for which the decoder is trained; see
            `kerasae.layers.Rounding`. Defaults to `None`: the code of a training is not rounded.
        code_initializer: Initialiser of the weights of the code, a name in `keras.initializers`. With
            `"identity"` the code starts as the first features of the encoder. Defaults to
            `"glorot_uniform"`.
        **kwargs: Arguments of `Autoencoder` and `keras.Model`.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        code_activation: str = "linear",
        code_steps: Sequence[float] | None = None,
        code_initializer: str = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        if type(self) is DeterministicAutoencoder:
            raise TypeError("`DeterministicAutoencoder` is abstract; choose a family of `kerasae.models`.")
        _check_known("code_activation", code_activation, "a function", keras.activations)
        _check_known("code_initializer", code_initializer, "an initialiser", keras.initializers)
        self.code_activation: str = code_activation
        self.code_initializer: str = code_initializer
        # Codes are float32, because they are stored, compared and searched.
        self.to_code: Any = code_layer(
            encoder,
            decoder,
            self.latent_dim,
            activation=code_activation,
            kernel_initializer=code_initializer,
            dtype="float32",
            name="to_code",
        )
        self.code_steps = None if code_steps is None else checked_steps("code_steps", code_steps)
        self.rounding: Any = None if code_steps is None else Rounding(code_steps, dtype="float32")
        self.flattening: list[keras.layers.Layer] = flattening(encoder)

    def head_layers(self) -> list[keras.layers.Layer]:
        return [self.to_code, *self.flattening]

    def encode(self, x: Any, training: bool = False) -> Any:
        return through([self.to_code, *self.flattening], self.encoder(x, training=training))

    def call(
        self,
        inputs: Any,
        training: bool = False,
        seed: Any = None,
        sample_weight: Any = None,
        corrupt: bool = True,
    ) -> Any:
        x = self.corrupt(inputs, training, seed, corrupt)
        h = self.penalise(self.encode(x, training=training), sample_weight, training)
        return self.decoder(self.passed_on(h, training, seed), training=training)

    def passed_on(self, h: Any, training: bool, seed: Any) -> Any:
        """Return codes as the decoder receives them: in training they are rounded, if `code_steps` is set."""
        return h if self.rounding is None else self.rounding(h, training=training, seed=seed)


def _check_known(name: str, value: Any, what: str, module: Any) -> None:
    # `module.get` would make an initialiser, which takes a seed from the sequence of all weights.
    if not isinstance(value, str) or not callable(getattr(module, value, None)):
        raise ValueError(f"`{name}` must name {what} of {module.__name__}, received {value!r}.")
