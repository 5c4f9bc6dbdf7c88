"""TrainedByKeras: the verbs of `keras.Model` for a model whose target is its input."""

from collections.abc import Callable
from typing import Any, ClassVar

import keras
import tensorflow as tf
from keras import ops

from kerasae.losses import ReconstructionLoss
from kerasae.models._training.calls import Calls, call_of, steps_in_a_call
from kerasae.models._training.compiling import check_compile
from kerasae.models._training.contraction import contract
from kerasae.models._training.distributed import MultiWorkerFit
from kerasae.models._training.embedding import EmbeddingSplit
from kerasae.models._training.targets import check_target, is_none, unpacked, weighed_target
from kerasae.models._training.terms import Terms
from kerasae.models._training.trimming import kept_of_batch
from kerasae.models._wiring import all_layers
from kerasae.penalties import Penalty
from kerasae.penalties.squared_jacobian import SquaredJacobian
from kerasae.preprocessing import check_rows


class TrainedByKeras(MultiWorkerFit):
    """Training, validation and prediction of `Autoencoder`, which has the parts that are used here."""

    encode: Any
    reconstruction_loss: ReconstructionLoss
    contraction: SquaredJacobian | None
    trim: float
    terms: Terms
    #: Settings of `fit_calls` while it runs.
    _calls: Calls | None = None
    _embedding: EmbeddingSplit | None
    jit_compile: Any
    train_function: Any
    test_function: Any

    #: Seed of the noise in a validation. It is fixed, so that epochs are comparable.
    validation_seed: ClassVar[tuple[int, int]] = (1729, 0)

    def penalties(self) -> list[Penalty]:
        """Return the penalties of this model, each of which is a named term of its loss."""
        return [layer for layer in all_layers(self) if isinstance(layer, Penalty)]

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
        if self.built and self.compiled:
            # TensorFlow traces a step that creates variables twice, which is half of the time before it runs.
            with self.distribute_strategy.scope():
                self.optimizer.build(self.trainable_variables)
        return super().fit(x, y, *arguments, **options)

    def evaluate(self, x: Any = None, y: Any = None, *arguments: Any, **options: Any) -> Any:
        """Evaluate the model as in Keras; see `fit` for the arguments and errors."""
        check_rows(x)
        y = weighed_target(x, y, options.get("sample_weight"))
        return super().evaluate(x, y, *arguments, **options)

    def fit_calls(
        self,
        batches: Any,
        *,
        prepare: Callable[[Any], Any] | None = None,
        jit_validation: bool = False,
        **options: Any,
    ) -> Any:
        """Train as `fit` on a dataset that always has the batches of a whole call.

        A call takes `steps_per_execution` batches, and has less overhead than in `fit`.

        Args:
            batches: Endless dataset of batches of `x`.
            prepare: Function that makes `x` of a batch in a graph. Defaults to `None`, batches are `x`.
            jit_validation: Whether XLA compiles the validation too, if it compiles the training. Defaults to
                False.
            **options: Arguments of `keras.Model.fit` by name, `steps_per_epoch` among them.
        """
        # A `train_step` of a subclass may log more than metrics, and a strategy has a loop of its own.
        own = type(self).train_step is TrainedByKeras.train_step and not self.run_eagerly
        own = own and self.distribute_strategy is tf.distribute.get_strategy()
        count = steps_in_a_call(batches, self.steps_per_execution) if self.jit_compile else 0
        if prepare is not None and not (own and count > 1):
            batches, prepare = batches.map(prepare), None
        if count:
            # What is next is prepared while this is compiled or runs.
            batches = batches.prefetch(count)
        self._calls = Calls(own and self.steps_per_execution > 1, prepare, jit_validation)
        try:
            return self.fit(batches, **options)
        finally:
            self._calls = None
            # What `fit` and `evaluate` make for a user is another function.
            self.train_function = self.test_function = None

    def make_train_function(self, force: bool = False) -> Any:
        if self._calls is None or not self._calls.whole:
            return super().make_train_function(force)
        if self.train_function is None or force:
            self.train_function = call_of(self, self.steps_per_execution, self._calls.prepare)
        return self.train_function

    def make_test_function(self, force: bool = False) -> Any:
        if self._calls is None or self._calls.jit_validation:
            return super().make_test_function(force)
        jit_compile, self.jit_compile = self.jit_compile, False
        try:
            return super().make_test_function(force)
        finally:
            self.jit_compile = jit_compile

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
        self._contract(x, sample_weight, seed, training)
        return self.compute_loss(x, target, outputs, sample_weight, training=training), outputs

    def _contract(self, x: Any, sample_weight: Any, seed: Any, training: bool) -> None:
        if self.contraction is not None:
            contract(self, self._embedding, x, sample_weight, seed, training)

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
        sample_weight = self._trimmed(target, y_pred, sample_weight, training)
        return super().compute_loss(x, target, y_pred, sample_weight, training=training)

    def _trimmed(self, target: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        """Return the weights of the examples, `(batch,)`, with 0 for those that `trim` leaves out."""
        if not (self.trim and training):
            return sample_weight
        kept = kept_of_batch(self.reconstruction_loss.per_example(target, y_pred), self.trim)
        return kept if sample_weight is None else kept * ops.cast(sample_weight, kept.dtype)

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
