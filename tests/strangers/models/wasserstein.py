"""The Wasserstein autoencoder with the maximum mean discrepancy."""

from typing import Any, ClassVar

import keras

from kerasae import registry
from kerasae.models import DeterministicAutoencoder, WithPrior


@keras.saving.register_keras_serializable(package="strangers")
class WassersteinAutoencoder(WithPrior, DeterministicAutoencoder):
    """`min |x - decode(encode(x))|^2 + weight * MMD(codes, N(0, I))`.

    Args:
        encoder: Model from `x`, `(batch, ...)`, to features, `(batch, features)`.
        decoder: Model from codes, `(batch, latent_dim)`, to the outputs that the loss reads.
        weight: Weight of the discrepancy between the codes and the prior. Defaults to 1.
        **kwargs: Further arguments of `DeterministicAutoencoder`.

    Example:
        >>> data = kerasae.load_data("digits")
        >>> model = kerasae.Recipe.of("wasserstein", latent_dim=8).build(data)
        >>> model.fit(data.x("train"), epochs=2)

    Reference: Tolstikhin, Bousquet, Gelly, Schoelkopf 2018, ICLR.
    """

    searched: ClassVar[dict[str, tuple[float, float]]] = {"weight": (0.1, 10.0)}
    fixed = ("code_penalty",)

    def __init__(
        self, encoder: keras.Model, decoder: keras.Model, *, weight: float = 1.0, **kwargs: Any
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        self.weight = weight
        self.code_penalty = registry.get("penalty", {"name": "discrepancy", "weight": weight})
