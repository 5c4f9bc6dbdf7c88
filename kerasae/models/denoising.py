"""The denoising autoencoder."""

from typing import Any, ClassVar

import keras
import tensorflow as tf
from keras import ops

from kerasae import registry
from kerasae.corruptions import Corruption
from kerasae.kinds import kind_of
from kerasae.losses import sum_features
from kerasae.models._deterministic import DeterministicAutoencoder
from kerasae.penalties import average


@keras.saving.register_keras_serializable(package="kerasae")
class DenoisingAutoencoder(DeterministicAutoencoder):
    """`min |x - decode(encode(noisy x))|^2`, with fresh noise at each step.

    The target is the clean input. Inference adds no noise. A validation adds noise from a fixed seed, so
    that the best epoch is that of the best denoiser and not of the model nearest to the identity.
    `fit(noisy, clean)` trains on pairs from the user, to which no noise is added.

    Args:
        encoder: Model from `x`, `(batch, ...)`, to features, `(batch, features)`.
        decoder: Model from codes, `(batch, latent_dim)`, to `(batch, ...)`.
        corruption: Noise on the input, a member of `kerasae.corruptions` as an object, name or config.
            Defaults to `None`: `gaussian` for images and vectors, `swap` for tables, `masking` for texts.
        level: Strength of the noise, in the unit of the corruption. Defaults to `None`, the default of the
            corruption.
        untouched: Weight in the loss of the features that the noise has not changed, in [0, 1]. With 0 the
            model learns only to restore changed features. Defaults to 1, all count the same.
        code_activation: Activation of the code, a name in `keras.activations`. Defaults to `"linear"`.
        **kwargs: Further arguments: `reconstruction_loss`, `code_penalty`, `contraction`, `preprocessor`,
            `trim`, and those of `keras.Model`.

    Call arguments:
        inputs: `x` of shape `(batch, ...)`.

    Returns:
        The reconstruction of the clean input, `(batch, ...)`.

    Raises:
        ValueError: If the corruption is unknown, or a number is out of its range.

    Example:
        >>> data = kerasae.load_data("digits")
        >>> model = kerasae.Recipe.of("denoising", latent_dim=8, model={"level": 0.2}).build(data)
        >>> model.fit(data.x("train"), epochs=2)

    Reference: Vincent et al. 2010, JMLR 11 (in section 4.2 the weight of untouched features, "emphasis").
    """

    searched: ClassVar[dict[str, tuple[float, float]]] = {"level": (0.02, 0.5)}

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        corruption: str | dict[str, Any] | Corruption | None = None,
        level: float | None = None,
        untouched: float = 1.0,
        **kwargs: Any,
    ) -> None:
        if isinstance(untouched, bool) or not isinstance(untouched, int | float) or not 0 <= untouched <= 1:
            raise ValueError(f"`untouched` must be in [0, 1], received {untouched!r}.")
        if corruption is None:
            preprocessor = kwargs.get("preprocessor")
            corruption = "gaussian" if preprocessor is None else kind_of(preprocessor.spec).corruption
        if isinstance(corruption, dict) and level not in (None, corruption.get("level", level)):
            raise ValueError(
                f"`level` must be None or that of the `corruption`, {corruption['level']}, received {level}; "
                "set corruption.level."
            )
        settings = {} if level is None else {"level": level}
        noise = registry.get("corruption", corruption, **settings)
        if isinstance(corruption, Corruption) and level not in (None, corruption.level):
            raise ValueError(
                f"`level` must be None or that of the `corruption`, {corruption.level}, received {level}; "
                "give one or the other."
            )
        super().__init__(encoder, decoder, corruption=noise, **kwargs)
        self.level = level
        self.untouched = untouched

    def objective(
        self, x: Any, target: Any, sample_weight: Any, *, training: bool, seed: Any = None
    ) -> tuple[Any, Any]:
        # A pair of the user has no features that are known to be untouched.
        if self.untouched == 1 or target is not None:
            return super().objective(x, target, sample_weight, training=training, seed=seed)
        noisy = self.corrupt(x, training, seed, True)
        outputs = self(noisy, training=training, seed=seed, sample_weight=sample_weight, corrupt=False)
        self._contract(x, sample_weight, seed, training)
        loss = self.compute_loss(x, None, outputs, sample_weight, training=training)
        parts = self.reconstruction_loss.per_feature(x, outputs)
        same = ops.cast(ops.equal(noisy, x), parts.dtype)
        left = sum_features(parts * same)
        counted = self._trimmed(x, outputs, sample_weight, training)
        if counted is not None:
            left = left * ops.cast(counted, left.dtype)
        # Keras has divided the loss by the number of replicas, over which it is summed.
        share = (1.0 - self.untouched) / tf.distribute.get_strategy().num_replicas_in_sync
        return loss - share * average(left), outputs
