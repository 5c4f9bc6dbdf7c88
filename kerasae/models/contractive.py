"""The contractive autoencoder."""

from typing import Any, ClassVar

import keras

from kerasae.models._deterministic import DeterministicAutoencoder
from kerasae.penalties.squared_jacobian import SquaredJacobian


@keras.saving.register_keras_serializable(package="kerasae")
class ContractiveAutoencoder(DeterministicAutoencoder):
    """`min |x - decode(encode(x))|^2 + weight * |d encode(x) / dx|_F^2`.

    The code is made to change little where the data do not vary. The Jacobian is taken in
    `train_step` and `test_step`, beside the call: exactly, in a closed form for one or two dense
    layers and by the cheapest order for deeper ones, or as an estimate from `probes` random signs.

    Categories and words have no Jacobian: where an encoder embeds them, the derivative is taken with
    respect to the embedding.

    A small code and a steep decoder would escape the penalty: the decoder is therefore held to
    kernels of spectral norm at most 1, unless its weights are tied to the encoder's, as in the
    paper. Batch normalisation in the encoder and any normalisation in the decoder are refused.

    Args:
        encoder: from `x`, `(batch, ...)`, to features, `(batch, features)`.
        decoder: from codes, `(batch, latent_dim)`, to `(batch, ...)`.
        weight: of the penalty, in squared units of `x` over those of the code.
        probes: 0 for the exact norm, otherwise the number of random signs that estimate it.
        code_activation: activation of the code.
        **kwargs: `reconstruction_loss`, `corruption`, `code_penalty`, `preprocessor`, and those of
            `keras.Model`.

    Call arguments:
        inputs: `x`, `(batch, ...)`, floating point.

    Returns:
        The reconstruction, `(batch, ...)`.

    Raises:
        ValueError: for an encoder whose examples have no Jacobian of their own.

    Example:
        >>> data = kerasae.load_data("digits")
        >>> model = kerasae.Recipe.of("contractive", latent_dim=8).build(data)
        >>> model.fit(data.x("train"), epochs=2)

    Reference: Rifai et al. 2011, ICML.
    """

    fixed = ("contraction",)
    searched: ClassVar[dict[str, tuple[float, float]]] = {"weight": (1e-6, 1e-2)}

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        weight: float = 1e-4,
        probes: int = 0,
        **kwargs: Any,
    ) -> None:
        contraction = SquaredJacobian(weight, probes=probes)
        super().__init__(encoder, decoder, contraction=contraction, **kwargs)
        self.weight = weight
        self.probes = probes
