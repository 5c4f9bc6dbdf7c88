"""DeterministicAutoencoder: base class of the families whose code is a function of the input."""

from collections.abc import Sequence
from typing import Any

import keras

from kerasae.layers import RoundingNoise
from kerasae.layers.sampling import checked_scales
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
        code_noise: Smallest and largest step of the rounding for which the decoder is trained; see
            `kerasae.layers.RoundingNoise`. Defaults to `None`: the code of a training has no noise.
        **kwargs: Arguments of `Autoencoder` and `keras.Model`.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        code_activation: str = "linear",
        code_noise: Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        if type(self) is DeterministicAutoencoder:
            raise TypeError("`DeterministicAutoencoder` is abstract; choose a family of `kerasae.models`.")
        try:
            keras.activations.get(code_activation)
        except ValueError:
            raise ValueError(
                f"`code_activation` must name a function of keras.activations, received {code_activation!r}."
            ) from None
        self.code_activation: str = code_activation
        # Codes are float32, because they are stored, compared and searched.
        self.to_code: Any = code_layer(
            encoder, self.latent_dim, activation=code_activation, dtype="float32", name="to_code"
        )
        self.code_noise = None if code_noise is None else checked_scales("code_noise", code_noise)
        self.rounding: Any = None if code_noise is None else RoundingNoise(code_noise, dtype="float32")
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
        if self.rounding is not None:
            h = self.rounding(h, training=training, seed=seed)
        return self.decoder(h, training=training)
