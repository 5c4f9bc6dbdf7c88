"""The denoising autoencoder."""

from typing import Any, ClassVar

import keras

from kerasae import registry
from kerasae.corruptions import Corruption
from kerasae.kinds import kind_of
from kerasae.models._deterministic import DeterministicAutoencoder


@keras.saving.register_keras_serializable(package="kerasae")
class DenoisingAutoencoder(DeterministicAutoencoder):
    """`min |x - decode(encode(noisy x))|^2`, with fresh noise at each step.

    The clean input is the target; the noise is off at inference. A validation draws it from a
    fixed seed, so that the epoch chosen is the best denoiser and not the one nearest the identity.
    `fit(noisy, clean)` trains on pairs of the user's own, with no noise added.

    Args:
        encoder: from `x`, `(batch, ...)`, to features, `(batch, features)`.
        decoder: from codes, `(batch, latent_dim)`, to `(batch, ...)`.
        corruption: the noise, a member of `kerasae.corruptions`; `None` takes what suits the kind of
            examples: `gaussian` for numbers, `swap` for tables, `masking` for texts.
        level: how strong, in the corruption's own unit; `None` takes its default.
        code_activation: activation of the code.
        **kwargs: `reconstruction_loss`, `code_penalty`, `contraction`, `preprocessor`, and those of
            `keras.Model`.

    Call arguments:
        inputs: `x`, `(batch, ...)`.

    Returns:
        The reconstruction of the clean input, `(batch, ...)`.

    Raises:
        ValueError: for an unknown corruption, or a level out of its range.

    Example:
        >>> data = kerasae.load_data("digits")
        >>> model = kerasae.Recipe.of("denoising", latent_dim=8, model={"level": 0.2}).build(data)
        >>> model.fit(data.x("train"), epochs=2)

    Reference: Vincent et al. 2010, JMLR 11.
    """

    searched: ClassVar[dict[str, tuple[float, float]]] = {"level": (0.02, 0.5)}

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        corruption: str | dict[str, Any] | Corruption | None = None,
        level: float | None = None,
        **kwargs: Any,
    ) -> None:
        if corruption is None:
            preprocessor = kwargs.get("preprocessor")
            corruption = "gaussian" if preprocessor is None else kind_of(preprocessor.spec).corruption
        given = {} if level is None else {"level": level}
        noise = registry.get("corruption", corruption, **given)
        if isinstance(corruption, Corruption) and level not in (None, corruption.level):
            raise ValueError(
                f"`level` is {level}, but the corruption given has its own, {corruption.level}; "
                "give the one or the other."
            )
        super().__init__(encoder, decoder, corruption=noise, **kwargs)
        self.level = level
