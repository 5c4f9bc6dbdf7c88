"""The contractive autoencoder."""

from typing import Any, ClassVar

import keras

from kerasae.models._deterministic import DeterministicAutoencoder
from kerasae.penalties.squared_jacobian import SquaredJacobian


@keras.saving.register_keras_serializable(package="kerasae")
class ContractiveAutoencoder(DeterministicAutoencoder):
    """`min |x - decode(encode(x))|^2 + weight * |d encode(x) / dx|_F^2`.

    The penalty makes the code change little in directions in which the data do not vary. `train_step` and
    `test_step` compute the Jacobian beside the call. It is exact, with a closed form for one or two dense
    layers and the cheapest order of products for deeper stacks, or an estimate from `probes` random sign
    vectors. Categories and words have no Jacobian, so the derivative is taken with respect to their
    embedding.

    A small code and a steep decoder would escape the penalty. If `weight` is more than 0, the kernels of the
    decoder are therefore constrained to a spectral norm of at most 1, unless they are tied to those of the
    encoder, as in the paper. Batch normalisation in the encoder and any normalisation in the decoder are
    refused.

    Args:
        encoder: Model from `x`, `(batch, ...)`, to features, `(batch, features)`.
        decoder: Model from codes, `(batch, latent_dim)`, to `(batch, ...)`.
        weight: Weight of the penalty, in squared units of `x` per squared unit of the Jacobian. Defaults
            to 0.0001.
        probes: Number of random sign vectors that estimate the norm. Defaults to 0, the exact norm.
        code_activation: Activation of the code, a name in `keras.activations`. Defaults to `"linear"`.
        **kwargs: Further arguments: `reconstruction_loss`, `corruption`, `code_penalty`, `preprocessor`,
            `trim`, and those of `keras.Model`.

    Call arguments:
        inputs: `x` of shape `(batch, ...)`.

    Returns:
        The reconstruction, `(batch, ...)`.

    Raises:
        ValueError: If the encoder contains batch normalisation or the decoder a normalisation, at `build`.

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
