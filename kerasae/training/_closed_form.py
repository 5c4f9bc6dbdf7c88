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
#: Number of rows that are read at a time, and largest number of rows on which the loss is computed.
_PART, _MOST = 4096, 8192
#: Largest number of features, whose covariance and its eigenvectors still fit into memory and minutes.
_FEATURES = 4096
#: Rounds in which weights and scales are found in turns, and the change of a log-scale that ends them.
_ROUNDS, _SETTLED = 100, 1e-6


def solve(
    model: Autoencoder, data: Data, *, hold_out: bool, callbacks: Sequence[keras.callbacks.Callback] = ()
) -> History:
    """Give a linear autoencoder the weights that minimise its expected loss over all draws of its noise.

    With the mean `mu` and the covariance `C` of the training rows and the covariance `N` of the noise, the
    best affine map without a bottleneck is `x' = mu + C (C + N)^-1 (noisy x - mu)`. With a code of size `k`
    it is projected to the first `k` principal components of its outputs (reduced-rank regression). Without
    noise this is PCA. The entries of the codes of noisy rows are in order of their variance. Distances
    between codes are distances between reconstructions, because the rows of the decoder's kernel are
    orthonormal.

    The loss `readings` has a scale for each channel, and measures errors and distances in it. Weights and
    scales are computed in turns, each in closed form, from scales of 1 until both stay as they are. With a
    small code there may be other such points, as for a gradient.

    Where readings are missing, `mu` and `C` are those of the pairs of readings that are both present. A
    window without gaps is reconstructed as if there were no gaps; the loss over windows with gaps is not
    exactly the least. Two readings that are never both present count as independent.

    Args:
        model: Built autoencoder.
        data: Data with the preprocessor whose `x` the model takes. At most 262,144 rows are used, drawn at
            random.
        hold_out: Whether there is a validation split to compute the loss on.
        callbacks: Callbacks of Keras. They are called as in a training of one epoch. Defaults to `()`.

    Raises:
        ValueError: If the model is not linear, its loss or its noise has no closed form, or examples have
            more than 4,096 features or are drawn anew in each epoch.

    Reference: Vincent et al. 2010, JMLR 11 (the objective); Chen et al. 2012, ICML, eq. 5 (the expectation
    over the noise in closed form); Izenman 1975, *Journal of Multivariate Analysis* 5(2), section 3 (reduced
    rank); Baldi and Hornik 1989, *Neural Networks* 2(1) (without noise).
    """
    if data.spec.size > _FEATURES:
        raise ValueError(
            f"`solver` 'closed_form' takes at most {_FEATURES:,} features, received {data.spec.size:,}; use "
            "--set train.solver=gradient."
        )
    drawn = data.preprocessor
    if drawn is not None and (drawn.resampled or drawn.draws):
        raise ValueError(
            "`solver` 'closed_form' needs examples that are the same in each epoch, received a preprocessor "
            "that draws them anew; leave its augmentation or noise out, or use --set train.solver=gradient."
        )
    weights = LinearWeights(model)
    calls = keras.callbacks.CallbackList([*callbacks], model=model, epochs=1, steps=1, verbose=0)
    start = time.perf_counter()
    # A model is stored with its optimizer.
    with model.distribute_strategy.scope():
        model.compile()
        model.optimizer.build(model.trainable_variables)
    calls.on_train_begin()
    calls.on_epoch_begin(0)
    moments = _Moments.of(data.drawn("train", _ROWS))
    weights.assign(moments.mean, *_solution(moments, weights, model.latent_dim))
    epoch = _terms(model, data, "train")
    if hold_out and len(data.validation):
        epoch |= {f"val_{name}": value for name, value in _terms(model, data, "validation").items()}
    calls.on_epoch_end(0, epoch)
    calls.on_train_end(epoch)
    return History([epoch], time.perf_counter() - start, 1)


class _Moments(NamedTuple):
    """Moments of rows.

    Attributes:
        mean: Mean of each feature, `(size,)`.
        covariance: Covariance of the features, `(size, size)`.
        present: Share of the rows in which each feature is present, `(size,)`.
    """

    mean: np.ndarray
    covariance: np.ndarray
    present: np.ndarray

    @classmethod
    def of(cls, data: Data) -> "_Moments":
        """Return the moments of the training rows, float64."""
        size, rows = data.spec.size, 0
        counts, sums, products = np.zeros((3, size, size))
        for part in data.training_parts("train", _PART):
            x = part.reshape(len(part), size).astype("float64")
            rows += len(x)
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
        if counts.min() < rows:
            # Moments over different rows need not form a covariance.
            values, vectors = linalg.eigh(covariance)
            covariance = (vectors * np.maximum(values, 0.0)) @ vectors.T
        return cls(mean, covariance, np.diag(counts) / rows)


def _solution(
    moments: _Moments, weights: LinearWeights, latent_dim: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the kernels of encoder and decoder, and the scales, as `LinearWeights.assign` takes them."""
    covariance = moments.covariance
    size = len(covariance)
    best = _regression(covariance, covariance + weights.noise)
    # Covariance of the outputs of the best map.
    outputs = best @ covariance
    outputs = (outputs + outputs.T) / 2
    kept = min(latent_dim, size)
    channels = np.zeros(size, int) if weights.channels is None else weights.channels
    scales = np.ones(channels.max() + 1)
    for _ in range(_ROUNDS):
        units = scales[channels]
        values, vectors = linalg.eigh(
            outputs / np.outer(units, units), subset_by_index=(size - kept, size - 1)
        )
        values, axes = values[::-1], vectors[:, ::-1]
        # The sign of an eigenvector depends on the library.
        axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(kept)])
        if weights.channels is None:
            break
        # What the code does not explain of each feature. Rounding may make it negative.
        error = np.maximum(np.diag(covariance) - np.square(axes) @ values * np.square(units), 0.0)
        shares = np.maximum(np.bincount(channels, moments.present), 1e-12)
        means = np.bincount(channels, moments.present * error) / shares
        before, scales = scales, np.maximum(np.sqrt(means), weights.least)
        if np.abs(np.log(scales / before)).max() < _SETTLED:
            break
    units = np.ones(size) if weights.channels is None else units
    unused = latent_dim - kept
    encoder = np.pad(best.T @ (axes / units[:, None]), ((0, 0), (0, unused)))
    return encoder, np.pad((axes * units[:, None]).T, ((0, unused), (0, 0))), scales


def _regression(covariance: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Return `covariance observed^-1`, with the pseudoinverse if `observed` has none."""
    try:
        factor = linalg.cho_factor(observed, lower=True)
    except linalg.LinAlgError:
        return np.asarray(covariance @ linalg.pinvh(observed))
    pivots = np.square(np.diag(factor[0]))
    if pivots.min() < 1e-10 * pivots.max():
        return np.asarray(covariance @ linalg.pinvh(observed))
    return np.asarray(linalg.cho_solve(factor, covariance).T)


def _terms(model: Any, data: Data, split: str) -> dict[str, float]:
    """Return the terms of the loss on at most 8,192 rows of a split, with the noise of a validation."""
    seed = keras.ops.convert_to_tensor(model.validation_seed, "int32")
    totals: dict[str, float] = {}
    count = 0
    for part in data.drawn(split, _MOST).training_parts(split, _PART):
        loss, _ = model.objective(keras.ops.convert_to_tensor(part), None, None, training=False, seed=seed)
        for name, value in model.terms.split(model, loss).items():
            totals[name] = totals.get(name, 0.0) + float(value) * len(part)
        count += len(part)
    return {name: total / count for name, total in totals.items()}
