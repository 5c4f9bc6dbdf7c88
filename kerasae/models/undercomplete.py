"""The undercomplete autoencoder."""

import math
import warnings
from typing import Any

import keras

from kerasae.layers import GapMarks
from kerasae.models._deterministic import DeterministicAutoencoder


@keras.saving.register_keras_serializable(package="kerasae")
class UndercompleteAutoencoder(DeterministicAutoencoder):
    """`min |x - decode(encode(x))|^2` with a code smaller than the input.

    Only the bottleneck keeps the model from copying its input. With linear layers and the squared error it
    finds the subspace of PCA. The gain of a deeper model over PCA is the value of its nonlinearity.

    Args:
        encoder: Model from `x`, `(batch, ...)`, to features, `(batch, features)`.
        decoder: Model from codes, `(batch, latent_dim)`, to `(batch, ...)`.
        code_activation: Activation of the code, a name in `keras.activations`. Defaults to `"linear"`.
        **kwargs: Further arguments: `reconstruction_loss`, `corruption`, `code_penalty`, `contraction`,
            `preprocessor`, `trim`, and those of `keras.Model`.

    Call arguments:
        inputs: `x` of shape `(batch, ...)`.

    Returns:
        The reconstruction, `(batch, ...)`.

    Warns:
        UserWarning: If the code is not smaller than the input, so that the model may learn the identity. A
            training on pairs of noisy and clean examples does not, nor does one with a rounded code
            (`code_steps`).

    Example:
        >>> data = kerasae.load_data("digits")
        >>> model = kerasae.Recipe.of("undercomplete", latent_dim=8).build(data)
        >>> model.fit(data.x("train"), epochs=2)

    Reference: Baldi and Hornik 1989, *Neural Networks* 2(1).
    """

    def __init__(self, encoder: keras.Model, decoder: keras.Model, **kwargs: Any) -> None:
        super().__init__(encoder, decoder, **kwargs)
        size = math.prod(self.encoder.input_shape[1:])
        # The check does not apply to a token or a category, which carries more than one number. A reading, of
        # which only a gap is marked, carries one.
        embeds = any(
            getattr(layer, "is_embedding", False) and not isinstance(layer, GapMarks)
            for layer in encoder.layers
        )
        if self.latent_dim >= size and not embeds and self.code_steps is None:
            warnings.warn(
                f"`latent_dim` is expected below the input size {size}, received {self.latent_dim}: "
                "the model may learn the identity; take a smaller code or another family, or train on pairs "
                "of noisy and clean examples.",
                stacklevel=2,
            )
