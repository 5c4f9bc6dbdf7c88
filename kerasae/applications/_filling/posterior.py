"""Posterior of a variational model: draws of the code, weighed by the present cells, and their cells."""

from collections.abc import Iterator
from functools import singledispatch
from typing import Any

import numpy as np
import tensorflow as tf

from kerasae.applications._filling.proposal import Proposal, normal_draws
from kerasae.codec import HasPosterior
from kerasae.losses import ReconstructionLoss
from kerasae.losses.columns import Columns

#: Largest number of values that a decoder returns in one call, which limits the memory.
_AT_ONCE = 4_000_000


class Posterior:
    """Draws of the code of a model for an example, and the parameters of the decoder.

    All examples share their standard normal points, so that the result for one does not depend on the others.

    Args:
        model: Variational model.
        samples: Number of draws per example.
        seed: Seed of the draws.

    Reference: Mattei and Frellsen 2019, ICML (MIWAE), section 4.
    """

    def __init__(self, model: Any, samples: int, seed: int) -> None:
        self.model = model
        self.samples = samples
        self.seed = seed
        size = model.latent_dim
        self._points = tf.constant(normal_draws(samples, size, seed))
        self._proposal = Proposal(samples, size, seed)
        self._draw_graph: Any = tf.function(self._draw, autograph=False)
        self._weigh_graph: Any = tf.function(self._weigh, autograph=False)

    def parts(self, x: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield draws `z ~ q(z|x)` for whole examples, `(rows, ...)`, a few examples at a time.

        Yields:
            Parameters `(samples, rows, ...)` and `-log p(x|z)`, `(samples, rows)`, in nats.
        """
        draw = self._draw_graph.get_concrete_function(_any_rows(x))
        for rows in self._slices(len(x), self.samples):
            yield tuple(part.numpy() for part in draw(tf.constant(x[rows], tf.float32)))

    def weighed(self, x: np.ndarray, seen: np.ndarray) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Yield draws with weights that make them draws of `p(z|x_seen)`, a few examples at a time.

        Args:
            x: Input of the encoder, `(rows, ...)`.
            seen: Values for the likelihood, `(rows, ...)`, NaN for missing ones.

        Yields:
            Slice of the examples, parameters `(samples, rows, ...)`, and the log-weights
            `log p(x_seen|z) + log p(z) - log q(z)`, `(samples, rows)`.
        """
        weigh = self._weigh_graph.get_concrete_function(_any_rows(x), _any_rows(seen))
        for rows in self._slices(len(x), max(self.samples, self.model.latent_dim + 1)):
            parts_of_rows = weigh(tf.constant(x[rows], tf.float32), tf.constant(seen[rows], tf.float32))
            yield rows, *(part.numpy() for part in parts_of_rows)

    def _slices(self, rows: int, times: int) -> Iterator[slice]:
        size = int(np.prod(self.model.decoder.output_shape[1:]))
        step = max(1, _AT_ONCE // (times * size))
        for start in range(0, rows, step):
            yield slice(start, start + step)

    def _draw(self, x: Any) -> Any:
        mean, log_var = self.model.posterior(x)
        z = mean + tf.exp(0.5 * log_var) * self._points[:, None]
        return self._decoded(z, x)

    def _weigh(self, x: Any, seen: Any) -> Any:
        def potential(z: Any, times: int) -> Any:
            nll = self._nll(self.model.decoder(z), seen, times)
            return nll + 0.5 * tf.reduce_sum(tf.square(z), axis=-1)

        mean, log_var = self.model.posterior(x)
        z, log_q = self._proposal.draw(mean, log_var, potential)
        params, nll = self._decoded(z, seen)
        # The constants of both densities cancel.
        return params, -nll - 0.5 * tf.reduce_sum(tf.square(z), axis=-1) - log_q

    def _decoded(self, z: Any, seen: Any) -> Any:
        params = self.model.decoder(tf.reshape(z, (-1, self.model.latent_dim)))
        nll = tf.reshape(self._nll(params, seen, self.samples), (self.samples, -1))
        shape = tf.concat([[self.samples, tf.shape(z)[1]], tf.shape(params)[1:]], axis=0)
        return tf.reshape(params, shape), nll

    def _nll(self, params: Any, seen: Any, times: int) -> Any:
        """Return `-log p(x_seen|z)` of `times` sets of parameters for each example, `(times * rows,)`."""
        present = tf.logical_not(tf.math.is_nan(seen))
        repeated = (times, *[1] * (len(seen.shape) - 1))
        known = tf.tile(tf.where(present, seen, tf.zeros_like(seen)), repeated)
        nll = self.model.reconstruction_loss.per_feature(known, params)
        nll = tf.where(tf.tile(present, repeated), nll, tf.zeros_like(nll))
        return tf.reduce_sum(tf.reshape(nll, (tf.shape(nll)[0], -1)), axis=-1)


def _any_rows(x: np.ndarray) -> tf.TensorSpec:
    """Return the form of any number of examples: a graph for one number of them rounds differently."""
    return tf.TensorSpec((None, *x.shape[1:]), tf.float32)


def normalised(log_weights: np.ndarray) -> np.ndarray:
    """Return weights that sum to 1 over the draws, `(samples, rows)`."""
    weights = np.exp(log_weights - log_weights.max(axis=0), dtype="float64")
    return weights / weights.sum(axis=0)


def effective_samples(weights: np.ndarray) -> np.ndarray:
    """Return the effective number of unweighted draws, `(rows,)` (Kong 1992)."""
    return 1 / np.square(weights).sum(axis=0)


def resampled(params: np.ndarray, weights: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Draw parameters again with these weights, `(draws, rows, ...)`: sampling importance resampling.

    Args:
        params: Parameters, `(samples, rows, ...)`.
        weights: Weights that sum to 1 over the draws, `(samples, rows)`.
        points: Numbers in [0, 1) that choose the draws, `(draws, rows)`.
    """
    bounds = np.cumsum(weights, axis=0)
    chosen = np.array([np.searchsorted(bounds[:, row], points[:, row]) for row in range(weights.shape[1])])
    return params[np.minimum(chosen.T, len(params) - 1), np.arange(weights.shape[1])]


def even_points(draws: int, columns: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return numbers in [0, 1), one in each of `draws` equal parts, in a separate order for each column."""
    points = (np.arange(draws).reshape(-1, *[1] * len(columns)) + rng.random((draws, *columns))) / draws
    return rng.permuted(points, axis=0)


@singledispatch
def expected(loss: ReconstructionLoss, params: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted mean of `x`, `(rows, ...)`; for a category the most likely known value.

    Args:
        loss: Loss with these parameters.
        params: Parameters, `(samples, rows, ...)`.
        weights: Weights that sum to 1 over the draws, `(samples, rows)`.
    """
    return np.einsum("sr,sr...->r...", weights, means(loss, params))


@expected.register
def _(loss: Columns, params: np.ndarray, weights: np.ndarray) -> np.ndarray:
    average = np.einsum("sr,src->rc", weights, means(loss, params))
    for number, logits in _categories(loss, params):
        shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        average[:, number] = np.einsum("sr,src->rc", weights, shares).argmax(axis=-1) + 1
    return average


def drawn(loss: ReconstructionLoss, params: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Draw `x ~ p(x|z)` for each set of parameters, `(samples, rows, ...)`.

    Args:
        loss: Loss with these parameters.
        params: Parameters, `(samples, rows, ...)`.
        uniform: Numbers in (0, 1) that choose the values, `(samples, rows, ...)` in the shape of `x`.
    """
    flat = params.reshape(-1, *params.shape[2:])
    levels = uniform.reshape(-1, *uniform.shape[2:]).astype("float32")
    values = np.asarray(loss.draw(tf.constant(flat), tf.constant(levels)))
    return values.reshape(*params.shape[:2], *values.shape[1:])


def _categories(loss: Columns, params: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the number of each category and the logits of its known values.

    Code 0, for unknown values, is left out.
    """
    start = 0
    for number, column in enumerate(loss.spec.features):
        if column.kind == "category":
            yield number, params[..., start + 1 : start + column.width]
        start += column.width


def means(loss: ReconstructionLoss, params: np.ndarray) -> np.ndarray:
    """Return the reconstruction of each set of parameters, `(samples, rows, ...)`."""
    flat = params.reshape(-1, *params.shape[2:])
    values = np.asarray(loss.mean(tf.constant(flat)))
    return values.reshape(*params.shape[:2], *values.shape[1:])


def has_posterior(codec: Any) -> bool:
    """Return whether a codec is a model with a posterior; an exported model has none."""
    return isinstance(codec, HasPosterior)
