"""Autoencoder: base class of all families."""

from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from kerasae import registry
from kerasae.corruptions import Corruption
from kerasae.kinds import kind_of
from kerasae.losses import ReconstructionLoss
from kerasae.models._codec.graphs import Graphs, in_batches
from kerasae.models._codec.plain import plain_decoder, plain_encoder
from kerasae.models._codec.precision import in_float32
from kerasae.models._training.distributed import MultiWorkerFit
from kerasae.models._training.embedding import EmbeddingSplit, embedding_split
from kerasae.models._training.targets import check_target, is_none, unpacked, weighed_target
from kerasae.models._training.terms import Terms, check_compile, check_examples, kept_of_batch
from kerasae.models._wiring import (
    all_layers,
    bind_scale,
    check_code_range,
    check_contraction,
    check_decoder,
    mark_gaps,
    tie,
)
from kerasae.penalties import Penalty
from kerasae.penalties.squared_jacobian import SquaredJacobian
from kerasae.preprocessing import Preprocessor, check_rows, slices
from kerasae.spec import Spec

#: Parts of a model beside its networks, and the type of each.
_PARTS = {
    "reconstruction_loss": ReconstructionLoss,
    "corruption": Corruption | None,
    "code_penalty": Penalty | None,
    "contraction": SquaredJacobian | None,
    "preprocessor": Preprocessor | None,
}


class Autoencoder(MultiWorkerFit):
    """`loss = reconstruction(x, decode(encode(x))) + penalties`.

    This class is abstract. A family defines in `encode` and `call` how features become a code, and which
    penalty it adds. Corruption, code penalty and contraction are optional and work with any family.

    Args:
        encoder: Model from `x`, `(batch, ...)`, to features, `(batch, features)`.
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
    #: Arguments of a family that a tuner may search, and the bounds between which it draws on a log scale.
    searched: ClassVar[dict[str, tuple[float, float]]] = {}
    #: Seed of the noise in a validation. It is fixed, so that epochs are comparable.
    validation_seed: ClassVar[tuple[int, int]] = (1729, 0)

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
        self.encoder = encoder
        self.decoder = decoder
        self.reconstruction_loss = registry.get("loss", reconstruction_loss or self.default_loss)
        self.corruption = registry.get("corruption", corruption)
        self.code_penalty = registry.get("penalty", code_penalty)
        if isinstance(contraction, int | float) and not isinstance(contraction, bool):
            contraction = SquaredJacobian(contraction) if contraction else None
        self.contraction: Any = contraction
        self.preprocessor: Any = preprocessor
        self.trim = trim
        for name, kind in _PARTS.items():
            registry.check_type(name, getattr(self, name), kind)
        self._graphs = Graphs(self)
        self._embedding: EmbeddingSplit | None = None

    # Codes and back, on tensors ------------------------------------------------------------------

    @property
    def latent_dim(self) -> int:
        """Code size: the number of entries of a code."""
        return int(self.decoder.input_shape[-1])

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

    # Codes and back, on raw arrays ---------------------------------------------------------------

    def transform(self, raw: Any, batch_size: int = 1024) -> np.ndarray:
        """Encode raw examples as codes.

        Args:
            raw: Raw examples, `(rows, ...)`.
            batch_size: Number of rows in a batch. Defaults to 1024.

        Returns:
            NumPy array of codes, `(rows, latent_dim)`.
        """
        return in_batches(self._graphs.encode, self._tensors(raw), batch_size)

    def inverse_transform(self, codes: np.ndarray, batch_size: int = 1024) -> Any:
        """Decode codes to raw examples.

        Args:
            codes: Codes, `(rows, latent_dim)`.
            batch_size: Number of rows in a batch. Defaults to 1024.

        Returns:
            Raw examples of the original type: a NumPy array, or a data frame for a table.
        """
        codes = np.asarray(codes, "float32")
        if codes.ndim != 2 or codes.shape[1] != self.latent_dim:
            raise ValueError(
                f"Expected codes of shape (rows, {self.latent_dim}), received shape {codes.shape}."
            )
        x = in_batches(self._graphs.decode, codes, batch_size)
        return x if self.preprocessor is None else self.preprocessor.restore(x)

    def draw(self, codes: np.ndarray, seed: int, batch_size: int = 1024) -> np.ndarray:
        """Draw `x` from the likelihood `p(x|z)` of each code.

        A loss that is no density returns its mean: squared and absolute errors, grey levels, tokens.

        Args:
            codes: Codes, `(rows, latent_dim)`.
            seed: Seed of the random numbers.
            batch_size: Number of rows in a batch. Defaults to 1024.

        Returns:
            NumPy array of `x`, `(rows, ...)`.
        """
        loss, uniform = self.reconstruction_loss, np.random.default_rng(seed)
        parts = []
        for part in slices(np.asarray(codes, "float32"), batch_size):
            params = self.decoder(part)
            levels = uniform.random((len(part), *self.spec.shape), "float32")
            parts.append(ops.convert_to_numpy(loss.draw(params, levels)))
        return np.concatenate(parts)

    def realise(self, codes: np.ndarray, seed: int) -> Any:
        """Turn new codes into raw examples.

        Vectors and rows of tables are drawn from `p(x|z)`. Images and texts are the mean, as for
        `inverse_transform`.
        """
        if not kind_of(self.spec).is_measured:
            return self.inverse_transform(codes)
        x = self.draw(codes, seed)
        return x if self.preprocessor is None else self.preprocessor.restore(x)

    def accounts(self, raw: Any, batch_size: int = 2048) -> dict[str, np.ndarray]:
        """Return the `account` of raw examples as NumPy arrays, in batches of `batch_size` rows."""
        parts = [self._graphs.account(part) for part in slices(self._tensors(raw), batch_size)]
        return {key: np.concatenate([part[key].numpy() for part in parts]) for key in parts[0]}

    def _tensors(self, raw: Any) -> Any:
        if self.preprocessor is not None:
            return self.preprocessor.together(self.preprocessor.tensors(raw))
        raw = np.asarray(raw)
        check_examples(raw, self.encoder.input_shape)
        return raw

    def _to_x(self, raw: Any) -> Any:
        return ops.cast(raw, "float32") if self.preprocessor is None else self.preprocessor(raw)

    def plain_encoder(self) -> keras.Model:
        """Return a functional model from raw examples to codes, made only of Keras's layers."""
        return plain_encoder(self)

    def plain_decoder(self) -> keras.Model:
        """Return a functional model from codes to raw units, made only of Keras's layers."""
        return plain_decoder(self)

    def in_float32(self) -> "Autoencoder":
        """Return a model with the same weights that computes in float32; this one if it already does."""
        return in_float32(self)

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
        self.input_spec = keras.layers.InputSpec(shape=(None, *input_shape[1:]))
        tie(self)
        bind_scale(self)
        mark_gaps(self)
        check_code_range(self)
        check_decoder(self, tuple(input_shape[1:]))
        check_contraction(self)
        if self.contraction is not None:
            self._embedding = embedding_split(self.encoder, self.head_layers())
        self.terms = Terms(self)
        super().build(input_shape)

    def penalties(self) -> list[Penalty]:
        """Return the penalties of this model, each of which is a named term of its loss."""
        return [layer for layer in all_layers(self) if isinstance(layer, Penalty)]

    # Training ------------------------------------------------------------------------------------

    def compile(self, optimizer: Any = "adam", loss: Any = None, **kwargs: Any) -> None:
        """Compile the model as in Keras, with its own `reconstruction_loss` as the loss.

        Raises:
            ValueError: If another loss is given, or Keras cannot combine an argument with the
                `tf.distribute` strategy.
        """
        optimizer, kwargs = check_compile(self, optimizer, loss, kwargs)
        super().compile(optimizer=optimizer, loss=self.reconstruction_loss, **kwargs)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        # When Keras loads a model that overrides `compile`, it does not compile it.
        config = keras.saving.deserialize_keras_object(config)
        self.compile(**config)
        if self.built:
            self.optimizer.build(self.trainable_variables)

    def fit(self, x: Any = None, y: Any = None, *arguments: Any, **options: Any) -> Any:
        """Train the model as in Keras, with `fit(x)`, or with `fit(noisy, clean)` for pairs.

        Args:
            x: Examples, `(rows, ...)`, or a dataset of batches of them. A dataset with weights has batches
                `(x, x, sample_weight)`; these are pairs, to which no noise is added.
            y: Clean examples of pairs, of the same shape as `x`. Defaults to `None`, `x` itself.
            *arguments: Further arguments of `keras.Model.fit`, in its order.
            **options: Arguments of `keras.Model.fit` by name. `sample_weight`, `(rows,)`, weights the
                examples in the reconstruction and in the penalties, with or without `y`.

        Raises:
            ValueError: If there are no examples for training or validation, which Keras does not report.
        """
        check_rows(x)
        if options.get("validation_data") is not None:
            check_rows(options["validation_data"])
        if isinstance(options.get("validation_data"), tuple):
            held_out = keras.utils.unpack_x_y_sample_weight(options["validation_data"])
            options["validation_data"] = (held_out[0], weighed_target(*held_out), held_out[2])
        y = weighed_target(x, y, options.get("sample_weight"))
        return super().fit(x, y, *arguments, **options)

    def evaluate(self, x: Any = None, y: Any = None, *arguments: Any, **options: Any) -> Any:
        """Evaluate the model as in Keras; see `fit` for the arguments and errors."""
        check_rows(x)
        y = weighed_target(x, y, options.get("sample_weight"))
        return super().evaluate(x, y, *arguments, **options)

    def train_step(self, data: Any) -> dict[str, Any]:
        x, target, sample_weight = unpacked(data)
        with tf.GradientTape() as tape:
            loss, outputs = self.objective(x, target, sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        terms = self.terms.split(self, loss)
        # This precedes the update of the weights, so that the compiler shares the forward pass with the loss.
        self.observe(x, sample_weight)
        gradients = tape.gradient(scaled, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        for penalty in self.penalties():
            penalty.update(self.encode(x), sample_weight)
        return self._log(terms, x, target, outputs, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        x, target, sample_weight = unpacked(data)
        seed = ops.convert_to_tensor(self.validation_seed, dtype="int32")
        loss, outputs = self.objective(x, target, sample_weight, training=False, seed=seed)
        self.observe(x, sample_weight)
        return self._log(self.terms.split(self, loss), x, target, outputs, sample_weight)

    @property
    def validation_rows(self) -> int:
        """Number of rows in a validation batch. It is large, because no gradient is computed."""
        return 2048

    def predict_step(self, data: Any) -> Any:
        x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        return self.reconstruction_loss.mean(self(x, training=False))

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the reconstructions of `x`, as in Keras.

        Raises:
            ValueError: If there are no examples, for which the message of Keras does not help.
        """
        check_rows(x)
        return super().predict(x, *args, **kwargs)

    def objective(
        self, x: Any, target: Any, sample_weight: Any, *, training: bool, seed: Any = None
    ) -> tuple[Any, Any]:
        """Return the scalar loss of a batch, and the output of the decoder.

        For a pair `(noisy, clean)` from the user no corruption is applied.
        """
        outputs = self(x, training=training, seed=seed, sample_weight=sample_weight, corrupt=target is None)
        self._contract(x, sample_weight, seed)
        return self.compute_loss(x, target, outputs, sample_weight, training=training), outputs

    def _contract(self, x: Any, sample_weight: Any, seed: Any) -> None:
        if self.contraction is None:
            return
        encode: Any = self.encode
        layers, inputs = None, x
        if self._embedding is not None:
            # A category or a token id has no Jacobian, so the penalty applies after the embedding.
            split = self._embedding
            layers, inputs, encode = split.layers, split.embed(x), split.encode_from
        elif isinstance(self.encoder, keras.Sequential):
            layers = [*self.encoder.layers, *self.head_layers()]
        self.contraction(
            inputs,
            layers=layers,
            encode=encode,
            latent_dim=self.latent_dim,
            sample_weight=sample_weight,
            seed=seed,
        )

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        target = x if is_none(y) else y
        check_target(x, target)
        if self.trim and training:
            kept = kept_of_batch(self.reconstruction_loss.per_example(target, y_pred), self.trim)
            sample_weight = kept if sample_weight is None else kept * ops.cast(sample_weight, kept.dtype)
        return super().compute_loss(x, target, y_pred, sample_weight, training=training)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        # A metric compares reconstructions and not the parameters of a likelihood.
        mean = self.reconstruction_loss.mean(y_pred)
        return super().compute_metrics(x, x if is_none(y) else y, mean, sample_weight)

    def observe(self, x: Any, sample_weight: Any) -> None:
        """Update the metrics of the family. This is not part of `call`, so no artifact contains them."""

    def _log(
        self, terms: dict[str, Any], x: Any, target: Any, outputs: Any, sample_weight: Any
    ) -> dict[str, Any]:
        self.terms.update(self, terms, ops.shape(x)[0])
        return self.compute_metrics(x, target, outputs, sample_weight)

    # Configuration -------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return every argument of the constructors, from the attribute of the same name."""
        config = super().get_config()
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
        return cls(**restored)

    @property
    def spec(self) -> Spec:
        """Spec of the raw examples."""
        if self.preprocessor is not None:
            return self.preprocessor.spec
        return Spec("vector", tuple(self.encoder.input_shape[1:]))
