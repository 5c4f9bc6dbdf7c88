"""Posterior: draws of a variational model's code, weighed by what is seen, and what they say of cells."""

from collections.abc import Iterator
from functools import singledispatch
from typing import Any

import numpy as np
import tensorflow as tf

from kerasae.losses import ReconstructionLoss
from kerasae.losses.columns import Columns
from kerasae.losses.gaussian import Gaussian
from kerasae.losses.laplace import Laplace

#: Numbers that a decoder gives in one call, so that memory stays flat.
_AT_ONCE = 4_000_000


class Posterior:
    """Draws `z ~ q(z|x)`, the decoder's numbers, and the weights that make them draws of `p(z|x_seen)`.

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
        self._graph: Any = None

    def parts(
        self, x: np.ndarray, seen: np.ndarray
    ) -> Iterator[tuple[slice, np.ndarray, np.ndarray, np.ndarray]]:
        """Examples a few at a time: which, parameters, log-weights, and `-log p(x_seen|z)`.

        Args:
            x: what the encoder is given, `(rows, ...)`.
            seen: what the likelihood is held against, `(rows, ...)`, NaN where nothing is seen.

        Returns:
            Parameters `(samples, rows, ...)` and, `(samples, rows)`, the log-weights
            `log p(x_seen|z) + log p(z) - log q(z|x)` and the loss in nats.
        """
        if self._graph is None:
            examples = tf.TensorSpec((None, *x.shape[1:]), tf.float32)
            signature = [examples, examples, tf.TensorSpec((2,), tf.int32)]
            self._graph = tf.function(self._draw, input_signature=signature)
        size = int(np.prod(self.model.decoder.output_shape[1:]))
        step = max(1, _AT_ONCE // (self.samples * size))
        for number, start in enumerate(range(0, len(x), step)):
            rows = slice(start, start + step)
            found = self._graph(
                tf.constant(x[rows], tf.float32),
                tf.constant(seen[rows], tf.float32),
                tf.constant([self.seed, number], tf.int32),
            )
            yield rows, *(part.numpy() for part in found)

    def _draw(self, x: Any, seen: Any, seed: Any) -> Any:
        mean, log_var = self.model.posterior(x)
        rows = tf.shape(mean)[0]
        eps = tf.random.stateless_normal((self.samples, rows, self.model.latent_dim), seed)
        z = mean + tf.exp(0.5 * log_var) * eps
        params = self.model.decoder(tf.reshape(z, (-1, self.model.latent_dim)))
        there = tf.logical_not(tf.math.is_nan(seen))
        known = tf.where(there, seen, tf.zeros_like(seen))
        times = (self.samples, *[1] * (len(seen.shape) - 1))
        nll = self.model.reconstruction_loss.per_feature(tf.tile(known, times), params)
        nll = tf.where(tf.tile(there, times), nll, tf.zeros_like(nll))
        nll = tf.reduce_sum(tf.reshape(nll, (self.samples, rows, -1)), axis=-1)
        # log p(z) - log q(z|x); the 2 pi of the two densities cancel.
        ratio = 0.5 * tf.reduce_sum(tf.square(eps) + log_var - tf.square(z), axis=-1)
        params = tf.reshape(params, tf.concat([[self.samples, rows], tf.shape(params)[1:]], axis=0))
        return params, ratio - nll, nll


def normalised(log_weights: np.ndarray) -> np.ndarray:
    """Weights that sum to 1 over the draws, `(samples, rows)`."""
    weights = np.exp(log_weights - log_weights.max(axis=0), dtype="float64")
    return weights / weights.sum(axis=0)


def resampled(params: np.ndarray, weights: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Parameters drawn again with these weights, `(draws, rows, ...)`: sampling importance resampling."""
    bounds = np.cumsum(weights, axis=0)
    # Stratified: one point in each of equal parts of [0, 1), in random order.
    points = (np.arange(draws)[:, None] + rng.random((draws, weights.shape[1]))) / draws
    points = rng.permuted(points, axis=0)
    chosen = np.array([np.searchsorted(bounds[:, row], points[:, row]) for row in range(weights.shape[1])])
    return params[np.minimum(chosen.T, len(params) - 1), np.arange(weights.shape[1])]


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


@singledispatch
def drawn(loss: ReconstructionLoss, params: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A draw of `x ~ p(x|z)` for each set of parameters, `(samples, rows, ...)`.

    The mean, where the loss is no density that is drawn from.
    """
    return means(loss, params)


@drawn.register(Gaussian)
@drawn.register(Laplace)
def _(loss: Any, params: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    mean = means(loss, params)
    log_scale = np.split(params, 2, axis=-1)[1] if isinstance(loss.scale, str) else np.log(loss.scale)
    scale = np.maximum(np.exp(log_scale), loss.min_scale)
    noise = rng.standard_normal if isinstance(loss, Gaussian) else rng.laplace
    return mean + scale * noise(size=mean.shape)


@drawn.register
def _(loss: Columns, params: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    found = np.array(means(loss, params), "float64")
    columns = loss.spec.features
    numbers = [i for i, column in enumerate(columns) if column.kind in ("number", "date")]
    booleans = [i for i, column in enumerate(columns) if column.kind == "boolean"]
    # The log-scales stand behind the numbers of all columns.
    scale = np.exp(params[..., sum(column.width for column in columns) :])
    scale = np.maximum(scale, loss.min_scale)
    found[..., numbers] += scale * rng.standard_normal(found[..., numbers].shape)
    found[..., booleans] = rng.random(found[..., booleans].shape) < found[..., booleans]
    for number, logits in _categories(loss, params):
        found[..., number] = (logits + rng.gumbel(size=logits.shape)).argmax(axis=-1) + 1
    return found


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
