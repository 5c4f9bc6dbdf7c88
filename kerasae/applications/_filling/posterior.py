"""Posterior: draws of a variational model's code, weighed by what is seen, and what they say of cells."""

from collections.abc import Iterator
from functools import singledispatch
from typing import Any

import numpy as np
import tensorflow as tf

from kerasae.applications._filling.proposal import Proposal, normal_draws
from kerasae.losses import ReconstructionLoss
from kerasae.losses.columns import Columns

#: Numbers that a decoder gives in one call, so that memory stays flat.
_AT_ONCE = 4_000_000


class Posterior:
    """Draws of a model's code given an example, and the decoder's numbers.

    All examples share their standard normal points, so what is said of one does not depend on the
    others.

    Args:
        model: a variational model.
        samples: draws an example.
        seed: of the draws.

    Reference: Mattei and Frellsen 2019, ICML (MIWAE), section 4.
    """

    def __init__(self, model: Any, samples: int, seed: int) -> None:
        self.model = model
        self.samples = samples
        self.seed = seed
        size = model.latent_dim
        self._points = tf.constant(normal_draws(samples, size, seed))
        self._proposal = Proposal(samples, size, seed)
        self._draw_graph: Any = tf.function(self._draw, reduce_retracing=True)
        self._weigh_graph: Any = tf.function(self._weigh, reduce_retracing=True)

    def parts(self, x: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Draws `z ~ q(z|x)` for whole examples `(rows, ...)`, a few examples at a time.

        Returns:
            Parameters `(samples, rows, ...)` and `-log p(x|z)`, `(samples, rows)`, in nats.
        """
        for rows in self._slices(len(x), self.samples):
            yield tuple(part.numpy() for part in self._draw_graph(tf.constant(x[rows], tf.float32)))

    def weighed(self, x: np.ndarray, seen: np.ndarray) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Draws whose weights make them draws of `p(z|x_seen)`, a few examples at a time.

        Args:
            x: what the encoder is given, `(rows, ...)`.
            seen: what the likelihood is held against, `(rows, ...)`, NaN where nothing is seen.

        Returns:
            Which examples, parameters `(samples, rows, ...)`, and the log-weights
            `log p(x_seen|z) + log p(z) - log q(z)`, `(samples, rows)`.
        """
        for rows in self._slices(len(x), max(self.samples, self.model.latent_dim + 1)):
            found = self._weigh_graph(tf.constant(x[rows], tf.float32), tf.constant(seen[rows], tf.float32))
            yield rows, *(part.numpy() for part in found)

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
        # The constants of the two densities cancel.
        return params, -nll - 0.5 * tf.reduce_sum(tf.square(z), axis=-1) - log_q

    def _decoded(self, z: Any, seen: Any) -> Any:
        params = self.model.decoder(tf.reshape(z, (-1, self.model.latent_dim)))
        nll = tf.reshape(self._nll(params, seen, self.samples), (self.samples, -1))
        shape = tf.concat([[self.samples, tf.shape(z)[1]], tf.shape(params)[1:]], axis=0)
        return tf.reshape(params, shape), nll

    def _nll(self, params: Any, seen: Any, times: int) -> Any:
        """`-log p(x_seen|z)` of `times` sets of parameters for each example, `(times * rows,)`."""
        there = tf.logical_not(tf.math.is_nan(seen))
        repeated = (times, *[1] * (len(seen.shape) - 1))
        known = tf.tile(tf.where(there, seen, tf.zeros_like(seen)), repeated)
        nll = self.model.reconstruction_loss.per_feature(known, params)
        nll = tf.where(tf.tile(there, repeated), nll, tf.zeros_like(nll))
        return tf.reduce_sum(tf.reshape(nll, (tf.shape(nll)[0], -1)), axis=-1)


def normalised(log_weights: np.ndarray) -> np.ndarray:
    """Weights that sum to 1 over the draws, `(samples, rows)`."""
    weights = np.exp(log_weights - log_weights.max(axis=0), dtype="float64")
    return weights / weights.sum(axis=0)


def effective_samples(weights: np.ndarray) -> np.ndarray:
    """How many unweighted draws the weighted ones are worth, `(rows,)` (Kong 1992)."""
    return 1 / np.square(weights).sum(axis=0)


def resampled(params: np.ndarray, weights: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Parameters drawn again with these weights, `(draws, rows, ...)`: sampling importance resampling.

    Args:
        params: `(samples, rows, ...)`.
        weights: `(samples, rows)`, which sum to 1.
        points: in [0, 1), which draw is taken, `(draws, rows)`.
    """
    bounds = np.cumsum(weights, axis=0)
    chosen = np.array([np.searchsorted(bounds[:, row], points[:, row]) for row in range(weights.shape[1])])
    return params[np.minimum(chosen.T, len(params) - 1), np.arange(weights.shape[1])]


def even_points(draws: int, columns: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Numbers of [0, 1), one in each of `draws` equal parts, in an order of its own for each column."""
    points = (np.arange(draws).reshape(-1, *[1] * len(columns)) + rng.random((draws, *columns))) / draws
    return rng.permuted(points, axis=0)


@singledispatch
def expected(loss: ReconstructionLoss, params: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weighted mean of `x`, `(rows, ...)`; of a category the likeliest of the known values.

    Args:
        loss: whose parameters they are.
        params: `(samples, rows, ...)`.
        weights: `(samples, rows)`, which sum to 1.
    """
    return np.einsum("sr,sr...->r...", weights, means(loss, params))


@expected.register
def _(loss: Columns, params: np.ndarray, weights: np.ndarray) -> np.ndarray:
    found = np.einsum("sr,src->rc", weights, means(loss, params))
    for number, logits in _categories(loss, params):
        shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        found[:, number] = np.einsum("sr,src->rc", weights, shares).argmax(axis=-1) + 1
    return found


def drawn(loss: ReconstructionLoss, params: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """A draw of `x ~ p(x|z)` for each set of parameters, `(samples, rows, ...)`.

    Args:
        loss: whose parameters they are.
        params: `(samples, rows, ...)`.
        uniform: numbers of (0, 1) that decide, `(samples, rows, ...)` in the shape of `x`.
    """
    flat = params.reshape(-1, *params.shape[2:])
    levels = uniform.reshape(-1, *uniform.shape[2:]).astype("float32")
    found = np.asarray(loss.draw(tf.constant(flat), tf.constant(levels)))
    return found.reshape(*params.shape[:2], *found.shape[1:])


def _categories(loss: Columns, params: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """The number of each category and the logits of its known values: the first code is unknown ones."""
    start = 0
    for number, column in enumerate(loss.spec.features):
        if column.kind == "category":
            yield number, params[..., start + 1 : start + column.width]
        start += column.width


def means(loss: ReconstructionLoss, params: np.ndarray) -> np.ndarray:
    """The reconstruction of each set of parameters, `(samples, rows, ...)`."""
    flat = params.reshape(-1, *params.shape[2:])
    found = np.asarray(loss.mean(tf.constant(flat)))
    return found.reshape(*params.shape[:2], *found.shape[1:])


def has_posterior(codec: Any) -> bool:
    """Whether a codec is a model with a posterior to draw from; an exported one has left it behind."""
    return bool(getattr(codec, "generative", False)) and hasattr(codec, "posterior")
