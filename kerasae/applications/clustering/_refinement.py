"""Deep embedded clustering: training that moves codes towards the centres of their clusters."""

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerasae.data import Data
from kerasae.models import Autoencoder
from kerasae.seeds import seeded
from kerasae.training import gains_from_xla


class EmbeddedClustering:
    """`min loss(x) / features + weight * KL(P || Q)`, over the weights of a model and the centres.

    `Q` is the closeness of a code to each centre by Student's t, `q_ij ~ (1 + |z_i - c_j|^2 / s)^-1`.
    `P` sharpens `Q`, `p_ij ~ q_ij^2 / sum_i q_ij`, so that each code moves to its nearest centre. `loss` is
    the loss of the family; its reconstruction term prevents a collapse of the codes (Guo et al. 2017). The
    unit `s` is the mean squared distance of a code to its nearest centre at the start, divided by the code
    size, so that the scale of the codes does not matter. Targets use the current weights, and their sums over
    all rows are computed again at each epoch.

    The given model does not change; a copy is trained.

    Args:
        model: Built autoencoder.
        weight: Weight of the clustering term. Defaults to 0.1.
        epochs: Largest number of epochs. Training ends when fewer than `settled` of the rows change their
            cluster. Defaults to 20.
        settled: Share of the rows, in [0, 1], at which training ends. Defaults to 0.001.
        batch_size: Number of rows per step. Defaults to `None`, a fiftieth of the rows, between 16 and 256,
            so that an epoch of few rows still has several steps.
        learning_rate: Learning rate of Adam. Defaults to 0.001.
        seed: Seed of the order of the rows. Defaults to 0.

    Attributes:
        model_: Trained copy of the model.
        centres_: Centres of the clusters, `(clusters, latent_dim)`.
        moved_: Share of the rows that changed their cluster, by epoch.

    Reference: Xie, Girshick, Farhadi 2016, ICML; Guo, Gao, Liu, Yin 2017, IJCAI.
    """

    def __init__(
        self,
        model: Autoencoder,
        *,
        weight: float = 0.1,
        epochs: int = 20,
        settled: float = 0.001,
        batch_size: int | None = None,
        learning_rate: float = 0.001,
        seed: int = 0,
    ) -> None:
        self.model = model
        self.weight = weight
        self.epochs = epochs
        self.settled = settled
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.seed = seed

    def fit(self, data: Data, centres: np.ndarray) -> "EmbeddedClustering":
        """Train on the training and the validation rows, from centres `(clusters, latent_dim)`."""
        data = data.joined()
        with seeded(self.seed):
            self.model_ = copied(self.model, data)
        # The loss is scaled, so that gradients in half precision do not underflow.
        self.model_.compile(keras.optimizers.Adam(self.learning_rate))
        self.centres_ = np.asarray(centres, "float32")
        self.moved_: list[float] = []
        unit, sums, nearest = self._look(data, None)
        variable = tf.Variable(self.centres_)
        size = self.batch_size or min(max(len(data.train) // 50, 16), 256)
        compiled = gains_from_xla(self.model_, len(data.train), epochs=self.epochs, batch_size=size)
        step = self._step(variable, unit, compiled)
        batches, steps, _ = data.training_batches(size, seed=self.seed)
        order = iter(batches)
        for _ in range(self.epochs):
            target = tf.constant(sums, "float32")
            for x in _first(order, steps):
                step(x, target)
            self.centres_ = variable.numpy()
            _, sums, now = self._look(data, unit)
            self.moved_.append(float((now != nearest).mean()))
            nearest = now
            if self.moved_[-1] < self.settled:
                break
        # An optimizer that knows the centres could not be loaded with the model.
        self.model_.compile()
        self.model_.optimizer.build(self.model_.trainable_variables)
        return self

    def _step(self, centres: tf.Variable, unit: float, jit_compile: bool) -> Callable[..., None]:
        model = self.model_
        optimizer: Any = model.optimizer
        weights = [*model.trainable_variables, centres]
        optimizer.build(weights)
        features = float(np.prod(model.spec.shape))

        @tf.function(jit_compile=jit_compile, autograph=False)
        def step(x: Any, sums: Any) -> None:
            with tf.GradientTape() as tape:
                family_loss, _ = model.objective(x, None, None, training=True)
                near = closeness(model.encode(x, training=True), centres, unit)
                target = tf.stop_gradient(sharpened(near, sums))
                divergence = tf.reduce_mean(
                    tf.reduce_sum(target * (tf.math.log(target + 1e-9) - tf.math.log(near + 1e-9)), axis=1)
                )
                loss = optimizer.scale_loss(family_loss / features + self.weight * divergence)
            optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            for penalty in model.penalties():
                penalty.update(model.encode(x), None)

        return step

    def _look(self, data: Data, unit: float | None) -> tuple[float, np.ndarray, np.ndarray]:
        """Return the unit of squared distances, the sums of `Q` over the rows, and the nearest centres."""
        codes = np.concatenate([self.model_.transform(raw) for raw in data.train.chunks()])
        if unit is None:
            squares = np.square(codes[:, None] - self.centres_).sum(axis=2).min(axis=1)
            # With one row in each cluster all distances are 0.
            unit = float(squares.mean()) / codes.shape[1] or 1.0
        near = closeness(tf.constant(codes), tf.constant(self.centres_), unit).numpy()
        return unit, near.sum(axis=0), near.argmax(axis=1)


def closeness(codes: Any, centres: Any, unit: float) -> Any:
    """Return `Q`, `(rows, clusters)`, by Student's t with one degree of freedom; each row sums to 1."""
    codes = tf.cast(codes, tf.float32)
    squares = tf.reduce_sum(tf.square(codes[:, None] - centres), axis=2)
    near = 1.0 / (1.0 + squares / unit)
    return near / tf.reduce_sum(near, axis=1, keepdims=True)


def sharpened(near: Any, sums: Any) -> Any:
    """Return `P`, `(rows, clusters)`: the squares of `Q` over its column sums; each row sums to 1."""
    target = tf.square(near) / sums
    return target / tf.reduce_sum(target, axis=1, keepdims=True)


def copied(model: Autoencoder, data: Data) -> Autoencoder:
    """Return a copy of a model that can be trained without changing the original."""
    copy = type(model).from_config(model.get_config())
    copy.build((None, *data.spec.shape))
    copy.set_weights(model.get_weights())
    return copy


def _first(order: Iterator[Any], steps: int) -> Iterator[Any]:
    for _ in range(steps):
        yield next(order)
