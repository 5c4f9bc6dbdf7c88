"""The undercomplete autoencoder."""

import math
import warnings
from typing import Any

import keras

from kerasae.models._deterministic import DeterministicAutoencoder


@keras.saving.register_keras_serializable(package="kerasae")
class UndercompleteAutoencoder(DeterministicAutoencoder):
    """`min |x - decode(encode(x))|^2` with a code smaller than the input.

    The bottleneck alone keeps the model from copying. With linear layers and squared error it
    finds the subspace of PCA; what a deeper one gains over that is what its nonlinearity is worth.

    Args:
        encoder: from `x`, `(batch, ...)`, to features, `(batch, features)`.
        decoder: from codes, `(batch, latent_dim)`, to `(batch, ...)`.
        code_activation: activation of the code.
        **kwargs: `reconstruction_loss`, `corruption`, `code_penalty`, `contraction`,
            `preprocessor`, and those of `keras.Model`.

    Call arguments:
        inputs: `x`, `(batch, ...)`.

    Returns:
        The reconstruction, `(batch, ...)`.

    Warns:
        UserWarning: if the code is not smaller than the input: the model may learn the identity.

    Example:
        >>> data = kerasae.load_data("digits")
        >>> model = kerasae.Recipe.of("undercomplete", latent_dim=8).build(data)
        >>> model.fit(data.x("train"), epochs=2)

    Reference: Baldi and Hornik 1989, *Neural Networks* 2(1).
    """

    def __init__(self, encoder: keras.Model, decoder: keras.Model, **kwargs: Any) -> None:
        super().__init__(encoder, decoder, **kwargs)
        size = math.prod(self.encoder.input_shape[1:])
        # A token or a category is more than one number.
        embeds = any(getattr(layer, "is_embedding", False) for layer in encoder.layers)
        if self.latent_dim >= size and not embeds:
            warnings.warn(
                f"`latent_dim` is expected below the input size {size}, received {self.latent_dim}: "
                "the model may learn the identity; take a smaller code or another family.",
                stacklevel=2,
            )
