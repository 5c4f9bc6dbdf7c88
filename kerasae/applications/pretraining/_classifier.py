"""Classifier: a copy of an encoder with a head, trained together."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from kerasae.applications.pretraining._heads import Head, Labelled, judge, softmax
from kerasae.models import Autoencoder, in_batches
from kerasae.seeds import seeded


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Training settings of a classifier.

    Args:
        steps: Largest number of steps.
        batch_size: Number of labelled rows per step.
        learning_rate: Initial learning rate of Adam.
        encoder_ratio: Factor of the learning rate for the weights of the encoder.
        patience: Number of checks of the validation labels without improvement after which training stops
            early. After a third of this number the learning rate is multiplied by 0.3.
        every: Number of steps between two checks.
    """

    steps: int = 3000
    batch_size: int = 64
    learning_rate: float = 1e-3
    encoder_ratio: float = 1.0
    patience: int = 15
    every: int = 50


class Classifier:
    """Copy of the encoder of a model with a softmax head, trained as a whole.

    One object serves many trainings: `start` sets the weights and `fit` trains them. Its graphs are traced
    only once.

    Args:
        model: Model with the encoder, which does not change.
        classes: Number of classes.
    """

    def __init__(self, model: Autoencoder, classes: int) -> None:
        self._model = model
        self.encoder = clone(model)
        inputs = keras.Input(self.encoder.encoder.input_shape[1:], dtype=_x_dtype(model))
        code = self.encoder.encoder(inputs)
        for layer in self.encoder.head_layers():
            code = layer(code)
        # float32, whatever the encoder: half precision is too coarse for a loss.
        self.head = keras.layers.Dense(classes, dtype="float32", name="classes")
        self.network = keras.Model(inputs, self.head(code))
        mine = {id(variable) for variable in self.head.trainable_variables}
        self._parts = (
            [v for v in self.network.trainable_variables if id(v) not in mine],
            list(self.head.trainable_variables),
        )
        self._optimizers = [keras.optimizers.Adam() for _ in self._parts]
        for optimizer, variables in zip(self._optimizers, self._parts, strict=True):
            optimizer.build(variables)
        self._fresh = [[v.numpy() for v in optimizer.variables] for optimizer in self._optimizers]
        # One graph for any number of rows: a trace costs more than a short training.
        x = tf.TensorSpec((None, *inputs.shape[1:]), inputs.dtype)
        y, order = tf.TensorSpec((None,), "int32"), tf.TensorSpec((None, None), "int32")
        # AutoGraph makes the loop over batches.
        self._learn = tf.function(self._steps, input_signature=[x, y, order])
        self._infer = tf.function(
            lambda x: self.network(x, training=False), autograph=False, input_signature=[x]
        )
        self._infer_raw = tf.function(self._logits, autograph=False, reduce_retracing=True)

    def start(self, *, pretrained: bool, seed: int, head: Head | None = None) -> None:
        """Set the initial weights.

        Args:
            pretrained: Whether the encoder starts from the weights of the model; otherwise from new ones.
            seed: Seed of new weights.
            head: Head on the classes; `None` creates a new one.
        """
        source = self._model
        if not pretrained:
            with seeded(seed):
                source = clone(self._model, weights=False)
        self.encoder.set_weights(source.get_weights())
        limit = np.sqrt(6 / sum(self.head.kernel.shape))
        draw = np.random.default_rng(seed).uniform(-limit, limit, self.head.kernel.shape)
        self.head.set_weights(
            [draw, np.zeros(self.head.bias.shape)] if head is None else [head.kernel, head.bias]
        )

    def fit(self, train: Labelled, validation: Labelled, schedule: Schedule, seed: int = 0) -> int:
        """Train, keep the weights with the best result on the validation labels, and return their step.

        The initial weights are candidates too.
        """
        for optimizer, values in zip(self._optimizers, self._fresh, strict=True):
            for variable, value in zip(optimizer.variables, values, strict=True):
                variable.assign(value)
        # Dropout draws from these seeds, which are not part of the weights.
        for number, state in enumerate(v for v in self.network.variables if v.name == "seed_generator_state"):
            state.assign([seed, number])
        rates = [schedule.learning_rate * schedule.encoder_ratio, schedule.learning_rate]
        x, y = tf.constant(train.x), tf.constant(train.y, "int32")
        batches = _batches(len(train), min(schedule.batch_size, len(train)), seed)
        best, best_weights, best_step = self._quality(validation), self.network.get_weights(), 0
        waited, step = 0, 0
        while step < schedule.steps and waited < schedule.patience:
            for optimizer, rate in zip(self._optimizers, rates, strict=True):
                optimizer.learning_rate = rate
            count = min(schedule.every, schedule.steps - step)
            self._learn(x, y, tf.constant(np.stack([next(batches) for _ in range(count)]), "int32"))
            step += count
            quality = self._quality(validation)
            if quality > best:
                best, best_weights, best_step, waited = quality, self.network.get_weights(), step, 0
                continue
            waited += 1
            if waited % max(1, schedule.patience // 3) == 0:
                rates = [0.3 * rate for rate in rates]
        self.network.set_weights(best_weights)
        return best_step

    def use(self, weights: list[np.ndarray]) -> None:
        """Set the weights of the network to those of an earlier training."""
        self.network.set_weights(weights)

    def _steps(self, x: Any, y: Any, order: Any) -> None:
        for rows in order:
            with tf.GradientTape() as tape:
                logits = self.network(tf.gather(x, rows), training=True)
                loss = ops.mean(
                    keras.losses.sparse_categorical_crossentropy(tf.gather(y, rows), logits, from_logits=True)
                )
                loss = loss + sum(self.network.losses)
            gradients = tape.gradient(loss, self._parts)
            for optimizer, variables, part_gradients in zip(
                self._optimizers, self._parts, gradients, strict=True
            ):
                optimizer.apply(part_gradients, variables)

    def _quality(self, validation: Labelled) -> tuple[float, float]:
        return judge(self.on_x(validation.x), validation.y)

    def on_x(self, x: np.ndarray) -> np.ndarray:
        """Return probabilities from `x`, `(rows, classes)`."""
        return softmax(in_batches(self._infer, x, 2048))

    def probabilities(self, raw: Any) -> np.ndarray:
        """Return probabilities from raw examples, `(rows, classes)`."""
        return softmax(in_batches(self._infer_raw, self.encoder._tensors(raw), 1024))

    def _logits(self, raw: Any) -> Any:
        return self.network(self.encoder._to_x(raw), training=False)

    def plain(self) -> keras.Model:
        """Return a model that maps raw examples to probabilities, made of Keras layers only."""
        return with_head(self.encoder, Head(*self.head.get_weights()))


def clone(model: Autoencoder, weights: bool = True) -> Autoencoder:
    """Return a model from the config of another, with its weights or with new ones."""
    copy = type(model).from_config(model.get_config())
    copy.build((None, *model.spec.shape))
    if weights:
        copy.set_weights(model.get_weights())
    return copy


def with_head(model: Autoencoder, head: Head) -> keras.Model:
    """Return a model that maps raw examples to class probabilities, made of Keras layers only."""
    encoder = clone(model).plain_encoder()
    layer = keras.layers.Dense(len(head.bias), activation="softmax", dtype="float32", name="classes")
    network = keras.Model(encoder.inputs, layer(encoder.output), name="classifier")
    layer.set_weights([head.kernel, head.bias])
    return network


def _x_dtype(model: Autoencoder) -> str:
    return "float32" if model.preprocessor is None else model.preprocessor.x_dtype


def _batches(rows: int, size: int, seed: int) -> Any:
    """Yield batches of row numbers without end; every pass over the rows has a new order."""
    draw = np.random.default_rng(seed)
    waiting: Sequence[int] | np.ndarray = np.empty(0, "int64")
    while True:
        while len(waiting) < size:
            waiting = np.concatenate([waiting, draw.permutation(rows)])
        yield waiting[:size]
        waiting = waiting[size:]
