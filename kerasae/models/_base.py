"""Autoencoder: base class of all families."""

from collections.abc import Mapping
from typing import Any, ClassVar

import keras
import numpy as np

from kerasae import registry
from kerasae.corruptions import Corruption
from kerasae.losses import ReconstructionLoss
from kerasae.models._codec.graphs import Graphs
from kerasae.models._codec.verbs import CodecVerbs
from kerasae.models._examples import check_examples
from kerasae.models._training.embedding import embedding_split
from kerasae.models._training.steps import TrainedByKeras
from kerasae.models._training.terms import Terms
from kerasae.models._wiring import (
    bind_scale,
    check_code_range,
    check_contraction,
    check_decoder,
    mark_gaps,
    tie,
)
from kerasae.penalties import Penalty
from kerasae.penalties.squared_jacobian import SquaredJacobian
from kerasae.preprocessing import Preprocessor, slices

#: Parts of a model beside its networks, and the type of each.
_PARTS = {
    "reconstruction_loss": ReconstructionLoss,
    "corruption": Corruption | None,
    "code_penalty": Penalty | None,
    "contraction": SquaredJacobian | None,
    "preprocessor": Preprocessor | None,
}


class Autoencoder(CodecVerbs, TrainedByKeras):
    """`loss = reconstruction(x, decode(encode(x))) + penalties`.

    This class is abstract. A family defines in `encode` and `call` how features become a code, and which
    penalty it adds. Corruption, code penalty and contraction are optional and work with any family.

    Args:
        encoder: Model from `x`, `(batch, ...)`, to features, `(batch, features)`. Features may be a map,
            `(batch, rows, columns, features)`; the code then has an equal number of entries for each place,
            place after place.
        decoder: Model from codes, `(batch, latent_dim)`, to the outputs that the loss reads.
        reconstruction_loss: Member of `kerasae.losses`, as an object, name or config. Defaults to `None`,
            the default loss of the family.
        corruption: Noise on the input in training, a member of `kerasae.corruptions` as an object, name or
            config. Defaults to `None`.
        code_penalty: Penalty on the code, a member of `kerasae.penalties` as an object, name or config.
            Defaults to `None`.
        contraction: Weight of the squared norm of the encoder's Jacobian, or a `SquaredJacobian`. Defaults
            to `None`.
        preprocessor: Preprocessor from raw examples to `x`. Defaults to `None`: raw examples are `x`.
        trim: Share of the examples of a training batch that do not count in the reconstruction loss, in
            [0, 1). They are the examples with the largest loss, so that the model does not learn anomalies
            among the training rows. Penalties count all examples. Defaults to 0.

    Raises:
        TypeError: If an argument has another type.

    Call arguments:
        inputs: `x` of shape `(batch, ...)`.
        training: Whether noise, dropout and warm-up apply. Defaults to False.
        seed: Two int32 that fix the noise, which is then the same at each call, in training or not.
            Defaults to `None`.
        sample_weight: Weights of the examples in the penalties, `(batch,)`. Defaults to `None`.
        corrupt: Whether the corruption applies. `train_step` turns it off for a pair. Defaults to True.

    Returns:
        The parameters of the likelihood, `(batch, ...)`. `predict`, `decode` and `inverse_transform`
        return its mean.
    """

    #: Name of the default reconstruction loss.
    default_loss: ClassVar[str] = "squared_error"
    #: Name of the activation of the code; `None` for a code without bounds.
    code_activation: str | None = None
    #: Arguments with which `kerasae.train` would repeat the training of this model; `None` before it.
    trained_with: dict[str, Any] | None = None
    #: Arguments of a family that a tuner may search, and the bounds between which it draws on a log scale.
    searched: ClassVar[dict[str, tuple[float, float]]] = {}

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        reconstruction_loss: str | dict[str, Any] | ReconstructionLoss | None = None,
        corruption: str | dict[str, Any] | Corruption | None = None,
        code_penalty: str | dict[str, Any] | Penalty | None = None,
        contraction: float | SquaredJacobian | None = None,
        preprocessor: Preprocessor | None = None,
        trim: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(trim, bool) or not isinstance(trim, int | float) or not 0 <= trim < 1:
            raise ValueError(f"`trim` must be in [0, 1), received {trim!r}.")
        if type(self) is Autoencoder:
            raise TypeError("`Autoencoder` is abstract; choose a family of `kerasae.models`.")
        self.encoder: keras.Model = encoder
        self.decoder: keras.Model = decoder
        self.reconstruction_loss: ReconstructionLoss = registry.get(
            "loss", reconstruction_loss or self.default_loss
        )
        self.corruption: Corruption | None = registry.get("corruption", corruption)
        self.code_penalty: Penalty | None = registry.get("penalty", code_penalty)
        if isinstance(contraction, int | float) and not isinstance(contraction, bool):
            contraction = SquaredJacobian(contraction) if contraction else None
        # A value of another type is refused below.
        unchecked: Any = contraction
        self.contraction: SquaredJacobian | None = unchecked
        self.preprocessor: Preprocessor | None = preprocessor
        self.trim: float = trim
        for name, kind in _PARTS.items():
            registry.check_type(name, getattr(self, name), kind)
        self._graphs = Graphs(self)
        self._embedding = None

    @classmethod
    def searchable(cls, settings: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
        """Return `searched` without the arguments that have no effect beside others.

        Args:
            settings: Arguments of the family in a recipe, by name.
        """
        return dict(cls.searched)

    # Codes and back ------------------------------------------------------------------------------

    def encode(self, x: Any, training: bool = False) -> Any:
        """Encode `x`, `(batch, ...)`, as codes, `(batch, latent_dim)`, without noise."""
        raise NotImplementedError(f"{type(self).__name__} must write `encode`.")

    def describe(self, x: Any) -> dict[str, Any]:
        """Return all outputs of the encoder for `x`: the code `z`, and what a family adds to it."""
        return {"z": self.encode(x)}

    def head_layers(self) -> list[keras.layers.Layer]:
        """Return the layers between the encoder's features and the code, in order."""
        raise NotImplementedError(f"{type(self).__name__} must write `head_layers`.")

    def decode(self, codes: Any) -> Any:
        """Decode codes, `(batch, latent_dim)`, to reconstructions of `x`, `(batch, ...)`."""
        return self.reconstruction_loss.mean(self.decoder(codes))

    def account(self, x: Any) -> dict[str, Any]:
        """Return the `code` of each example, and the evidence of each feature; see the loss's `account`."""
        check_examples(x, self.encoder.input_shape)
        code = self.encode(x)
        params = self.decoder(code)
        return {"code": code, **self.reconstruction_loss.account(x, params)}

    def unused_units(self, raw: Any) -> dict[str, int]:
        """Count the units of the code that carry nothing over raw examples, by what is wrong with them.

        Args:
            raw: Raw examples that the training has not seen.

        Returns:
            `collapsed_units` or `dead_units`, in a family whose units can be unused and if there are enough
            examples to tell. Otherwise, and here, an empty dict.
        """
        return {}

    def learn_expected(self, x: np.ndarray, batch_size: int = 2048) -> None:
        """Let the loss learn the usual loss of each feature on training rows `x`, after a training.

        Args:
            x: Training rows, `(rows, ...)`.
            batch_size: Number of rows in a batch. Defaults to 2048.
        """
        parts = ((part, self.decoder(self.encode(part))) for part in slices(x, batch_size))
        if self.reconstruction_loss.learn_expected(parts):
            # Graphs traced earlier contain the old values.
            self._graphs = Graphs(self)

    def corrupt(self, x: Any, training: bool, seed: Any, corrupt: bool) -> Any:
        """Return `x` with noise in training or with a seed, otherwise `x`; `corrupt=False` adds none."""
        if self.corruption is None or not corrupt:
            return x
        for stage in self.corruption.stages():
            noisy = stage(x, training=training, seed=seed)
            if self.preprocessor is not None and noisy is not x:
                noisy = self.preprocessor.mend(x, noisy, stage.continuous)
            x = noisy
        return x

    def penalise(self, codes: Any, sample_weight: Any, training: bool) -> Any:
        """Apply the code penalty, if the model has one, and return the codes unchanged."""
        if self.code_penalty is None:
            return codes
        return self.code_penalty(codes, sample_weight=sample_weight, training=training)

    # Building ------------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        for part in (self.corruption, self.contraction, self.preprocessor):
            if part is not None and not part.built:
                part.build(input_shape)
        features = self.encoder.compute_output_shape(input_shape)
        for layer in self.head_layers():
            if not layer.built:
                layer.build(features)
            features = layer.compute_output_shape(features)
        if not self.decoder.built:
            self.decoder.build((None, self.latent_dim))
        if self.code_penalty is not None and not self.code_penalty.built:
            self.code_penalty.build((None, self.latent_dim))
        if self.corruption is not None and self.preprocessor is not None:
            for stage in self.corruption.stages():
                self.preprocessor.check_noise(stage.continuous)
                stage.suit(self.preprocessor)
        # Keras checks each input against it: without a check, a missing axis would be broadcast in the loss.
        self.input_spec: Any = keras.layers.InputSpec(shape=(None, *input_shape[1:]))
        tie(self)
        bind_scale(self)
        mark_gaps(self)
        check_code_range(self)
        check_decoder(self, tuple(input_shape[1:]))
        check_contraction(self)
        if self.contraction is not None:
            self._embedding = embedding_split(self.encoder, self.head_layers())
        self.terms: Terms = Terms(self)
        super().build(input_shape)

    # Configuration -------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return every argument of the constructors, and `trained_with`, from attributes of these names."""
        config = super().get_config()
        if self.trained_with is not None:
            config["trained_with"] = dict(self.trained_with)
        for name in registry.parameters(type(self)):
            config[name] = keras.saving.serialize_keras_object(getattr(self, name))
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Autoencoder":
        restored = {
            name: keras.saving.deserialize_keras_object(value, custom_objects=custom_objects)
            if isinstance(value, dict)
            else value
            for name, value in config.items()
        }
        trained_with = restored.pop("trained_with", None)
        model = cls(**restored)
        model.trained_with = trained_with
        return model
