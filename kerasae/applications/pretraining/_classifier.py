"""Heads on an encoder: one fitted on fixed codes, and one trained together with the encoder."""

import dataclasses
import warnings
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from kerasae.models import Autoencoder, in_batches
from kerasae.seeds import seeded

#: Inverse penalty strengths of the logistic regression; the validation labels choose one.
STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0)


@dataclasses.dataclass(frozen=True)
class Labelled:
    """Inputs and their classes.

    Args:
        x: Inputs of a network, or codes, `(rows, ...)`.
        y: Numbers of classes from 0, `(rows,)`.
    """

    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.y)

    def rows(self, index: np.ndarray) -> "Labelled":
        """Return some of the rows."""
        return Labelled(self.x[index], self.y[index])


@dataclasses.dataclass(frozen=True)
class Head:
    """`softmax(codes @ kernel + bias)`.

    Args:
        kernel: Kernel, `(latent_dim, classes)`.
        bias: Bias, `(classes,)`.
    """

    kernel: np.ndarray
    bias: np.ndarray

    def probabilities(self, codes: np.ndarray) -> np.ndarray:
        """Return the probability of each class, `(rows, classes)`."""
        return softmax(codes.astype("float64") @ self.kernel + self.bias)


def fit_head(train: Labelled, validation: Labelled, classes: int) -> Head:
    """Fit a logistic regression on codes; the validation labels choose its penalty and the scaling.

    Either each number of a code is standardised, or all are divided by the same number: standardisation would
    amplify principal components that are noise. The scaling is folded into the kernel, so that the head reads
    unscaled codes. A class without a training row is never predicted.
    """
    mean, deviations = train.x.mean(axis=0), train.x.std(axis=0)
    # A number that is the same in all rows is not scaled.
    each = np.where(deviations > 1e-7, deviations, 1.0)
    together = np.full_like(each, np.sqrt(np.mean(deviations**2)) or 1.0)
    heads = [
        _logistic(train, classes, mean, scale, strength)
        for scale in (each, together)
        for strength in STRENGTHS
    ]
    return max(heads, key=lambda head: judge(head.probabilities(validation.x), validation.y))


def _logistic(train: Labelled, classes: int, mean: np.ndarray, scale: np.ndarray, strength: float) -> Head:
    # One thread: at this size several cost thirty times as much on a busy machine.
    with warnings.catch_warnings(), threadpool_limits(1):
        # Linearly separable labels have no finite optimum, so a warning on convergence is ignored.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = LogisticRegression(C=strength, max_iter=300, tol=1e-3).fit((train.x - mean) / scale, train.y)
    coefficients, intercepts = fitted.coef_, fitted.intercept_
    present = np.unique(train.y)
    if len(present) == 2:
        # With two classes there is one row of coefficients: that of the second class against the first.
        coefficients = np.concatenate([np.zeros_like(coefficients), coefficients])
        intercepts = np.concatenate([np.zeros_like(intercepts), intercepts])
    kernel, bias = np.zeros((train.x.shape[1], classes)), np.full(classes, -1e4)
    kernel[:, present] = (coefficients / scale).T
    bias[present] = intercepts - kernel[:, present].T @ mean
    return Head(kernel, bias)


def judge(probabilities: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the criterion for an epoch or a setting: accuracy, then mean log-likelihood. Higher is better.

    The two are compared in this order.
    """
    chosen = probabilities[np.arange(len(y)), y]
    return float((probabilities.argmax(axis=1) == y).mean()), float(np.log(chosen + 1e-12).mean())


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities of logits, by row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


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
        self._learn = tf.function(self._steps, input_signature=[x, y, order])
        self._infer = tf.function(lambda x: self.network(x, training=False), input_signature=[x])
        self._infer_raw = tf.function(self._logits, reduce_retracing=True)

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


def stratified_order(y: np.ndarray, seed: int) -> np.ndarray:
    """Return an order of the rows in which every prefix is stratified by class.

    One row of each class comes first. A longer prefix contains all rows of a shorter one.
    """
    draw = np.random.default_rng(seed)
    places = np.empty(len(y))
    for kind, count in zip(*np.unique(y, return_counts=True), strict=True):
        ranks = (np.arange(count) + draw.uniform(size=1)) / count
        ranks[0] = -1
        places[draw.permutation(np.flatnonzero(y == kind))] = ranks
    return np.argsort(places, kind="stable")


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
