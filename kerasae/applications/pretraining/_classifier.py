"""Heads on an encoder: one fitted to codes that stay as they are, and one trained with the encoder."""

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

#: Inverse strengths of the probe's penalty among which the validation labels choose.
STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0)


@dataclasses.dataclass(frozen=True)
class Labelled:
    """Inputs and their classes.

    Args:
        x: of a network, or codes, `(rows, ...)`.
        y: numbers of classes from 0, `(rows,)`.
    """

    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.y)

    def rows(self, index: np.ndarray) -> "Labelled":
        """Some of them."""
        return Labelled(self.x[index], self.y[index])


@dataclasses.dataclass(frozen=True)
class Head:
    """`softmax(codes @ kernel + bias)`.

    Args:
        kernel: `(latent_dim, classes)`.
        bias: `(classes,)`.
    """

    kernel: np.ndarray
    bias: np.ndarray

    def probabilities(self, codes: np.ndarray) -> np.ndarray:
        """Of each class, `(rows, classes)`."""
        return softmax(codes.astype("float64") @ self.kernel + self.bias)


def fit_head(train: Labelled, validation: Labelled, classes: int) -> Head:
    """Logistic regression on codes; the validation labels choose its penalty and how codes are scaled.

    Either each number of a code is standardised, or all are divided by one number: principal components
    that are noise would be blown up by the former. The scaling is folded into the kernel, so that the
    head reads codes as they are. A class without a training row is never predicted.
    """
    mean, deviations = train.x.mean(axis=0), train.x.std(axis=0)
    # A number that is the same in all rows stays as it is.
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
        # Labels that a line divides have no finite optimum: what is reached is as good.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = LogisticRegression(C=strength, max_iter=300, tol=1e-3).fit((train.x - mean) / scale, train.y)
    coefficients, intercepts = fitted.coef_, fitted.intercept_
    present = np.unique(train.y)
    if len(present) == 2:
        # Two classes have one row: that of the second against the first.
        coefficients = np.concatenate([np.zeros_like(coefficients), coefficients])
        intercepts = np.concatenate([np.zeros_like(intercepts), intercepts])
    kernel, bias = np.zeros((train.x.shape[1], classes)), np.full(classes, -1e4)
    kernel[:, present] = (coefficients / scale).T
    bias[present] = intercepts - kernel[:, present].T @ mean
    return Head(kernel, bias)


def judge(probabilities: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """What an epoch or a setting is chosen by: accuracy, then mean log-likelihood; higher is better."""
    chosen = probabilities[np.arange(len(y)), y]
    return float((probabilities.argmax(axis=1) == y).mean()), float(np.log(chosen + 1e-12).mean())


def softmax(logits: np.ndarray) -> np.ndarray:
    """Rows of numbers to rows of probabilities."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@dataclasses.dataclass(frozen=True)
class Schedule:
    """How a classifier is trained.

    Args:
        steps: at most so many.
        batch_size: labelled rows per step.
        learning_rate: of Adam, at the start.
        encoder_ratio: what it is multiplied by for the encoder's weights.
        patience: looks at the validation labels without improvement before the training ends; after a
            third of them the learning rate falls to 0.3 of what it was.
        every: steps between two looks.
    """

    steps: int = 3000
    batch_size: int = 64
    learning_rate: float = 1e-3
    encoder_ratio: float = 1.0
    patience: int = 15
    every: int = 50


class Classifier:
    """A copy of a model's encoder with a softmax head, trained as a whole.

    One object serves many trainings: `start` gives it weights, `fit` trains from them, and its graphs
    are traced once.

    Args:
        model: it stays as it is.
        classes: how many.
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
        """Gives the weights to begin with.

        Args:
            pretrained: whether the encoder begins with the model's weights; otherwise with new ones.
            seed: of new weights.
            head: of the classes; new where none is given.
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
        """Trains, and keeps the weights that do best on the validation labels; returns their step.

        The weights to begin with are among those that are judged.
        """
        for optimizer, values in zip(self._optimizers, self._fresh, strict=True):
            for variable, value in zip(optimizer.variables, values, strict=True):
                variable.assign(value)
        # Dropout draws from these, which no weights hold.
        for number, state in enumerate(v for v in self.network.variables if v.name == "seed_generator_state"):
            state.assign([seed, number])
        rates = [schedule.learning_rate * schedule.encoder_ratio, schedule.learning_rate]
        x, y = tf.constant(train.x), tf.constant(train.y, "int32")
        batches = _batches(len(train), min(schedule.batch_size, len(train)), seed)
        best, kept, best_step = self._quality(validation), self.network.get_weights(), 0
        waited, step = 0, 0
        while step < schedule.steps and waited < schedule.patience:
            for optimizer, rate in zip(self._optimizers, rates, strict=True):
                optimizer.learning_rate = rate
            count = min(schedule.every, schedule.steps - step)
            self._learn(x, y, tf.constant(np.stack([next(batches) for _ in range(count)]), "int32"))
            step += count
            quality = self._quality(validation)
            if quality > best:
                best, kept, best_step, waited = quality, self.network.get_weights(), step, 0
                continue
            waited += 1
            if waited % max(1, schedule.patience // 3) == 0:
                rates = [0.3 * rate for rate in rates]
        self.network.set_weights(kept)
        return best_step

    def use(self, weights: list[np.ndarray]) -> None:
        """Gives the network the weights of an earlier training."""
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
            for optimizer, variables, found in zip(self._optimizers, self._parts, gradients, strict=True):
                optimizer.apply(found, variables)

    def _quality(self, validation: Labelled) -> tuple[float, float]:
        return judge(self.on_x(validation.x), validation.y)

    def on_x(self, x: np.ndarray) -> np.ndarray:
        """Probabilities from `x`, `(rows, classes)`."""
        return softmax(in_batches(self._infer, x, 2048))

    def probabilities(self, raw: Any) -> np.ndarray:
        """Probabilities from raw examples, `(rows, classes)`."""
        return softmax(in_batches(self._infer_raw, self.encoder._tensors(raw), 1024))

    def _logits(self, raw: Any) -> Any:
        return self.network(self.encoder._to_x(raw), training=False)

    def plain(self) -> keras.Model:
        """Raw examples to probabilities, of Keras's own layers alone."""
        return with_head(self.encoder, Head(*self.head.get_weights()))


def clone(model: Autoencoder, weights: bool = True) -> Autoencoder:
    """A model from the config of another, with its weights or with new ones."""
    copy = type(model).from_config(model.get_config())
    copy.build((None, *model.spec.shape))
    if weights:
        copy.set_weights(model.get_weights())
    return copy


def with_head(model: Autoencoder, head: Head) -> keras.Model:
    """Raw examples to probabilities of classes, of Keras's own layers alone."""
    encoder = clone(model).plain_encoder()
    layer = keras.layers.Dense(len(head.bias), activation="softmax", dtype="float32", name="classes")
    network = keras.Model(encoder.inputs, layer(encoder.output), name="classifier")
    layer.set_weights([head.kernel, head.bias])
    return network


def stratified_order(y: np.ndarray, seed: int) -> np.ndarray:
    """Rows in an order of which every beginning holds the classes in their shares.

    One row of each class comes first; a longer beginning holds all of a shorter one.
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
    """Endless batches of row numbers; every pass over the rows has an order of its own."""
    draw = np.random.default_rng(seed)
    waiting: Sequence[int] | np.ndarray = np.empty(0, "int64")
    while True:
        while len(waiting) < size:
            waiting = np.concatenate([waiting, draw.permutation(rows)])
        yield waiting[:size]
        waiting = waiting[size:]
