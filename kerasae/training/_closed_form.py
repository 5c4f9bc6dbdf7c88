"""solve: the weights of a linear autoencoder in closed form."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from scipy import linalg

from kerasae.data import Data
from kerasae.models import Autoencoder, LinearWeights
from kerasae.training._history import History

#: Largest number of rows whose moments are computed.
_ROWS = 2**18
#: Number of rows that are read at a time.
_PART = 4096
#: Rounds in which weights and scales are found in turns, and the change of a log-scale that ends them.
_ROUNDS, _SETTLED = 100, 1e-6


def solve(
    model: Autoencoder, data: Data, *, hold_out: bool, callbacks: Sequence[keras.callbacks.Callback] = ()
) -> History:
    """Give a linear autoencoder the weights that minimise its expected loss over all draws of its noise.

    With the mean `mu` and the covariance `C` of the training rows and the covariance `N` of the noise, the
    best affine map without a bottleneck is `x' = mu + C (C + N)^-1 (noisy x - mu)`. With a code of size `k`
    it is projected to the first `k` principal components of its outputs (reduced-rank regression). Without
    noise this is PCA. The code's entries are in order of their variance, and distances between codes are
    distances between reconstructions, because the rows of the decoder's kernel are orthonormal.

    The loss `readings` has a scale for each channel, in which its errors and these distances are counted.
    Weights and scales are found in turns then, each in closed form.

    Missing readings: `mu` and `C` are those of the pairs of readings that are both present. A window without
    gaps is reconstructed as if there were no gaps; the loss over windows with gaps is not exactly the least.

    Args:
        model: Built autoencoder.
        data: Data with the preprocessor whose `x` the model takes. At most 262,144 rows are used, drawn at
            random.
        hold_out: Whether there is a validation split to compute the loss on.
        callbacks: Callbacks of Keras, for which this is a training of one epoch. Defaults to `()`.

    Raises:
        ValueError: If the model is not linear, or its loss or its noise has no closed form.

    Reference: Vincent et al. 2010, JMLR 11 (the objective); Chen et al. 2012, ICML, eq. 5 (the expectation
    over the noise in closed form); Izenman 1975, *Journal of Multivariate Analysis* 5(2), section 3 (reduced
    rank); Baldi and Hornik 1989, *Neural Networks* 2(1) (without noise).
    """
    weights = LinearWeights(model)
    news = keras.callbacks.CallbackList([*callbacks], model=model, epochs=1, steps=1, verbose=0)
    start = time.perf_counter()
    news.on_train_begin()
    news.on_epoch_begin(0)
    mean, covariance = _moments(data.drawn("train", _ROWS))
    found = _Solution.of(covariance, weights.noise, model.latent_dim, weights.channels, weights.least)
    weights.assign(mean, *found)
    # A model is stored with its optimizer.
    model.optimizer.build(model.trainable_variables)
    epoch = _terms(model, data, "train")
    if hold_out and len(data.validation):
        epoch |= {f"val_{name}": value for name, value in _terms(model, data, "validation").items()}
    news.on_epoch_end(0, epoch)
    news.on_train_end(epoch)
    return History([epoch], time.perf_counter() - start, 1)


def _moments(data: Data) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean, `(size,)`, and the covariance, `(size, size)`, of the training rows, float64."""
    size = int(np.prod(data.spec.shape))
    counts, sums, products = np.zeros((3, size, size))
    for part in data.training_parts("train", _PART):
        x = part.reshape(len(part), size).astype("float64")
        present = np.logical_not(np.isnan(x))
        if present.all():
            counts += len(x)
            sums += x.sum(axis=0)[:, None]
        else:
            x = np.where(present, x, 0.0)
            marks = present.astype("float64")
            counts += marks.T @ marks
            sums += x.T @ marks
        products += x.T @ x
    # Entry (i, j) of each matrix is over the rows in which both i and j are present.
    mean = np.diag(sums) / np.maximum(np.diag(counts), 1)
    centred = products - sums * mean - sums.T * mean[:, None] + counts * np.outer(mean, mean)
    covariance = centred / np.maximum(counts, 1)
    if counts.min() == counts.max():
        return mean, covariance
    # Moments over different rows need not form a covariance.
    values, vectors = linalg.eigh(covariance)
    return mean, (vectors * np.maximum(values, 0.0)) @ vectors.T


class _Solution(NamedTuple):
    """Weights of the best linear autoencoder for centred rows.

    Attributes:
        encoder: Kernel from an example to the code, `(size, latent_dim)`.
        decoder: Kernel from a code to the reconstruction, `(latent_dim, size)`.
        scales: Standard deviation of the error of each channel, `(channels,)`; all 1 without channels.
    """

    encoder: np.ndarray
    decoder: np.ndarray
    scales: np.ndarray

    @classmethod
    def of(
        cls,
        covariance: np.ndarray,
        noise: np.ndarray,
        latent_dim: int,
        channels: np.ndarray | None = None,
        least: float = 0.0,
    ) -> "_Solution":
        """Return the solution for a covariance of the rows and one of the noise, both `(size, size)`.

        Args:
            covariance: Covariance of the rows.
            noise: Covariance of the noise.
            latent_dim: Code size.
            channels: Channel of each feature, `(size,)`, each with a scale to find. Defaults to `None`: the
                squared error.
            least: Smallest scale. Defaults to 0.
        """
        size = len(covariance)
        observed = covariance + noise
        best = covariance @ linalg.pinvh(observed)
        kept = min(latent_dim, size)
        groups = np.zeros(size, int) if channels is None else channels
        scales = np.ones(groups.max() + 1)
        for _ in range(_ROUNDS):
            weights = 1.0 / scales[groups]
            explained = best @ covariance * np.outer(weights, weights)
            _, vectors = linalg.eigh((explained + explained.T) / 2, subset_by_index=(size - kept, size - 1))
            # The sign of an eigenvector depends on the library.
            axes = vectors[:, ::-1] * np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(kept)])[::-1]
            encoder, decoder = best.T @ (weights[:, None] * axes), axes.T / weights
            if channels is None:
                break
            whole = encoder @ decoder
            cross = np.einsum("ij,ij->j", covariance, whole)
            error = np.diag(covariance) - 2 * cross + np.einsum("ij,ij->j", observed @ whole, whole)
            found = np.sqrt(np.bincount(groups, error) / np.bincount(groups))
            before, scales = scales, np.maximum(found, least)
            if np.abs(np.log(scales / before)).max() < _SETTLED:
                break
        spare = latent_dim - kept
        return cls(np.pad(encoder, ((0, 0), (0, spare))), np.pad(decoder, ((0, spare), (0, 0))), scales)


def _terms(model: Any, data: Data, split: str) -> dict[str, float]:
    """Return the terms of the loss on at most 8,192 rows of a split, with the noise of a validation."""
    seed = keras.ops.convert_to_tensor(model.validation_seed, "int32")
    totals: dict[str, float] = {}
    count = 0
    for part in data.drawn(split, 2 * _PART).training_parts(split, _PART):
        x, seed = (
            keras.ops.convert_to_tensor(part),
            keras.ops.convert_to_tensor(model.validation_seed, "int32"),
        )
        loss, _ = model.objective(x, None, None, training=False, seed=seed)
        for name, value in model.terms.split(model, loss).items():
            totals[name] = totals.get(name, 0.0) + float(value) * len(part)
        count += len(part)
    return {name: total / count for name, total in totals.items()}
