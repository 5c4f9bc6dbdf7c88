"""Proposal distribution of codes, given the present cells of an example."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from scipy.special import ndtri
from scipy.stats import qmc

#: Shares of the draws from each part of the mixture. The Laplace approximation bears most of them, the same
#: with 1.5 times its deviations covers tails that are heavier, and the encoder's own posterior and the prior
#: are there for decoders of which a parabola says little.
_LAPLACE, _WIDER, _ENCODER = 0.6, 0.2, 0.1
_WIDTH = 1.5
#: Number of steps of Newton's method towards the mode, and the fractions of a step that are tried.
_STEPS, _LENGTHS = 3, (1.0, 0.5, 0.25, 0.0)
#: Bounds of the step of finite differences, in units of the code; half a deviation of the encoder between.
_LEAST, _GREATEST = 0.01, 0.5


def normal_draws(samples: int, size: int, seed: int) -> np.ndarray:
    """Return points, `(samples, size)`, that cover N(0, I) evenly: a scrambled Sobol sequence."""
    power = max(1, (samples - 1).bit_length())
    points = qmc.Sobol(size, rng=np.random.default_rng(seed)).random_base2(power)[:samples]
    # The end 0 would become infinite.
    return ndtri(np.clip(points, 1e-7, 1 - 1e-7)).astype("float32")


class Proposal:
    """Gaussian mixture around `p(z|x_seen)`, with a fixed share of draws for each component.

    An encoder was trained on whole examples. For an example with filled gaps its posterior is as narrow as if
    the filled values were observed, and weights cannot correct for codes that it never draws. Most draws are
    therefore from the Laplace approximation of `p(x_seen|z) p(z)`: a Gaussian at its mode, with its
    curvature. All examples share their standard normal points, so that the draws for one do not depend on the
    others.

    Args:
        samples: Number of draws per example.
        size: Code size.
        seed: Seed of the points.

    Reference: Tierney and Kadane 1986, JASA 81 (Laplace approximation); Hesterberg 1995,
    *Technometrics* 37(2) (defensive mixtures, with fixed shares).
    """

    def __init__(self, samples: int, size: int, seed: int) -> None:
        shares = np.array([_LAPLACE, _WIDER, _ENCODER])
        counts = np.floor(shares * samples).astype(int)
        self._counts = [samples - int(counts.sum()), *(int(count) for count in counts)]
        self._points = [
            tf.constant(normal_draws(count, size, seed + number)) if count else tf.zeros((0, size))
            for number, count in enumerate(self._counts)
        ]
        self._samples = samples

    def draw(self, mean: Any, log_var: Any, potential: Callable[[Any, int], Any]) -> tuple[Any, Any]:
        """Return codes, `(samples, rows, size)`, and `log q(z)` of the whole mixture, `(samples, rows)`.

        The constant `-size / 2 log(2 pi)` is left out, as in the density of the prior.

        Args:
            mean: Mean of the posterior of the encoder, `(rows, size)`.
            log_var: Log-variance of the posterior of the encoder, `(rows, size)`.
            potential: Function of codes, `(times * rows, size)`, and `times` that returns `-log p(x_seen|z)
                p(z)`, one number for each code.
        """
        mode, values, vectors = laplace(mean, log_var, potential)
        turned = tf.linalg.matrix_transpose(vectors)
        deviation = tf.math.rsqrt(values)
        wide = [(mode, deviation, vectors, turned), (mode, _WIDTH * deviation, vectors, turned)]
        eye = tf.eye(tf.shape(mean)[1], batch_shape=tf.shape(mean)[:1])
        plain = [
            (tf.zeros_like(mean), tf.ones_like(mean), eye, eye),
            (mean, tf.exp(0.5 * log_var), eye, eye),
        ]
        # The prior, the Laplace approximation, the same wider, and the encoder's posterior.
        parts = [plain[0], *wide, plain[1]]
        z = tf.concat(
            [
                middle + tf.einsum("rij,srj->sri", axes, scale * points[:, None])
                for (middle, scale, axes, _), points in zip(parts, self._points, strict=True)
            ],
            axis=0,
        )
        densities = [
            tf.math.log(count / self._samples)
            - 0.5 * tf.reduce_sum(tf.square(tf.einsum("rij,srj->sri", back, z - middle) / scale), axis=-1)
            - tf.reduce_sum(tf.math.log(scale), axis=-1)
            for (middle, scale, _, back), count in zip(parts, self._counts, strict=True)
            if count
        ]
        return z, tf.reduce_logsumexp(tf.stack(densities), axis=0)


def laplace(mean: Any, log_var: Any, potential: Callable[[Any, int], Any]) -> tuple[Any, Any, Any]:
    """Return the mode of `exp(-potential)` near the mean of the encoder, and the curvature there.

    Newton's method takes the fraction of each step that lowers the potential most. A curvature below 1, that
    of the prior, is replaced by 1.

    Returns:
        The mode `(rows, size)`, eigenvalues `(rows, size)` and eigenvectors `(rows, size, size)`.
    """
    step = tf.clip_by_value(0.5 * tf.exp(0.5 * log_var), _LEAST, _GREATEST)
    lengths = tf.constant(_LENGTHS)[:, None, None]
    z = mean
    for _ in range(_STEPS):
        gradient, values, vectors = _curvature(z, step, potential)
        newton = tf.einsum("rij,rj->ri", vectors, tf.einsum("rji,rj->ri", vectors, gradient) / values)
        tried = z - lengths * newton
        heights = potential(tf.reshape(tried, (-1, tf.shape(z)[1])), len(_LENGTHS))
        heights = tf.reshape(heights, (len(_LENGTHS), -1))
        # A step to NaN is rejected.
        heights = tf.where(tf.math.is_finite(heights), heights, heights.dtype.max)
        best = tf.argmin(heights, axis=0, output_type=tf.int32)
        z = tf.gather(tf.transpose(tried, (1, 0, 2)), best, batch_dims=1)
    _, values, vectors = _curvature(z, step, potential)
    return z, values, vectors


def _curvature(z: Any, step: Any, potential: Callable[[Any, int], Any]) -> tuple[Any, Any, Any]:
    """Return the gradient of the potential, and eigenvalues and eigenvectors of its Hessian.

    The Hessian is computed by finite differences.
    """
    size = z.shape[1]
    moved = tf.concat([z[None], z + tf.eye(size)[:, None] * step], axis=0)
    flat = tf.reshape(moved, (-1, size))
    with tf.GradientTape() as tape:
        tape.watch(flat)
        height = potential(flat, size + 1)
    gradients = tf.reshape(tape.gradient(height, flat), (size + 1, -1, size))
    hessian = (gradients[1:] - gradients[0]) / tf.transpose(step)[:, :, None]
    hessian = tf.transpose(hessian, (1, 0, 2))
    hessian = 0.5 * (hessian + tf.linalg.matrix_transpose(hessian))
    hessian = tf.where(tf.math.is_finite(hessian), hessian, tf.zeros_like(hessian))
    values, vectors = tf.linalg.eigh(hessian)
    return gradients[0], tf.maximum(values, 1.0), vectors
