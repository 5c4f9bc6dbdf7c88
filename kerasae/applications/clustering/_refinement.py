"""Deep embedded clustering: codes are pulled towards the centres of their clusters, without a label."""

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

    `Q` says how near a code is to each centre by Student's t, `q_ij ~ (1 + |z_i - c_j|^2 / s)^-1`;
    `P` is `Q` made more decided, `p_ij ~ q_ij^2 / sum_i q_ij`, so that codes go to the centre that
    they are nearest to anyway. `loss` is the family's own, the reconstruction in it, which keeps codes
    from collapsing (Guo et al. 2017). The unit `s` is the mean squared distance of a code to the
    centre nearest to it at the start, for one number of the code, so that the scale of the codes does not
    matter. Targets are those of the weights at hand, the sums over all rows are renewed at each epoch.

    The model given stays as it is; a copy is trained.

    Args:
        model: a built autoencoder.
        weight: of the clustering term.
        epochs: at most so many; it ends when fewer than `settled` of the rows change their cluster.
        settled: share of the rows.
        batch_size: rows per step; by default a fiftieth of the rows, from 16 to 256, so that an epoch of
            few rows is more than a few steps.
        learning_rate: of Adam.
        seed: of the order of the rows.

    Attributes:
        model_: the copy, trained.
        centres_: `(clusters, latent_dim)`.
        moved_: by epoch, the share of the rows that went to another cluster.

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
        """Trains on the training and the validation rows, from centres `(clusters, latent_dim)`."""
        data = data.joined()
        with seeded(self.seed):
            self.model_ = copied(self.model, data)
        # In the scale of the loss, so that half precision does not underflow.
        self.model_.compile(keras.optimizers.Adam(self.learning_rate))
        self.centres_ = np.asarray(centres, "float32")
        self.moved_: list[float] = []
        unit, sums, nearest = self._look(data, None)
        variable = tf.Variable(self.centres_)
        step = self._step(variable, unit, gains_from_xla(self.model_, len(data.train)))
        size = self.batch_size or min(max(len(data.train) // 50, 16), 256)
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
        # An optimizer that knows the centres could not be read back with the model.
        self.model_.compile()
        self.model_.optimizer.build(self.model_.trainable_variables)
        return self

    def _step(self, centres: tf.Variable, unit: float, jit_compile: bool) -> Callable[..., None]:
        model = self.model_
        optimizer: Any = model.optimizer
        weights = [*model.trainable_variables, centres]
        optimizer.build(weights)
        features = float(np.prod(model.spec.shape))

        @tf.function(jit_compile=jit_compile)
        def step(x: Any, sums: Any) -> None:
            with tf.GradientTape() as tape:
                own, _ = model.objective(x, None, None, training=True)
                near = closeness(model.encode(x, training=True), centres, unit)
                target = tf.stop_gradient(sharpened(near, sums))
                divergence = tf.reduce_mean(
                    tf.reduce_sum(target * (tf.math.log(target + 1e-9) - tf.math.log(near + 1e-9)), axis=1)
                )
                loss = optimizer.scale_loss(own / features + self.weight * divergence)
            optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            for penalty in model.penalties():
                penalty.update(model.encode(x), None)

        return step

    def _look(self, data: Data, unit: float | None) -> tuple[float, np.ndarray, np.ndarray]:
        """The unit of squared distances, the sums of `Q` over the rows, and the nearest centres."""
        codes = np.concatenate([self.model_.transform(raw) for raw in data.train.chunks()])
        if unit is None:
            squares = np.square(codes[:, None] - self.centres_).sum(axis=2).min(axis=1)
            # One row a cluster leaves no distance to measure with.
            unit = float(squares.mean()) / codes.shape[1] or 1.0
        near = closeness(tf.constant(codes), tf.constant(self.centres_), unit).numpy()
        return unit, near.sum(axis=0), near.argmax(axis=1)


def closeness(codes: Any, centres: Any, unit: float) -> Any:
    """`Q`, `(rows, clusters)`, rows of sum 1: Student's t with one degree of freedom."""
    codes = tf.cast(codes, tf.float32)
    squares = tf.reduce_sum(tf.square(codes[:, None] - centres), axis=2)
    near = 1.0 / (1.0 + squares / unit)
    return near / tf.reduce_sum(near, axis=1, keepdims=True)


def sharpened(near: Any, sums: Any) -> Any:
    """`P`, `(rows, clusters)`: the squares of `Q` over the sums of its columns, rows of sum 1."""
    target = tf.square(near) / sums
    return target / tf.reduce_sum(target, axis=1, keepdims=True)


def copied(model: Autoencoder, data: Data) -> Autoencoder:
    """A model of the same weights that can be trained without moving those of the first."""
    copy = type(model).from_config(model.get_config())
    copy.build((None, *data.spec.shape))
    copy.set_weights(model.get_weights())
    return copy


def _first(order: Iterator[Any], steps: int) -> Iterator[Any]:
    for _ in range(steps):
        yield next(order)
