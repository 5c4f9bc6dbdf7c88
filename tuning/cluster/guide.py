"""guided: hyperparameters with the largest expected improvement by a Gaussian process."""

import warnings
from collections.abc import Sequence
from typing import Any

import keras_tuner
import numpy as np
from kerasae.tuning._bases import Trial
from scipy.stats import norm
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

#: Number of random candidates, and of candidates near the best known ones.
_ANYWHERE, _NEAR = 600, 400


def guided(
    space: Sequence[Any],
    known: Sequence[Trial],
    pending: Sequence[Trial],
    size: int,
    *,
    lower: bool,
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    """Return values for a trial of a code size, ordered by expected improvement, the largest first.

    The code size explains most of a score. So the process learns the score relative to that of the first
    trial of the same size (the logarithm of the ratio, if scores are positive). It learns the effect of
    depth, nodes and other hyperparameters from all sizes together. For trials whose results are not known
    yet, the expectation of the process is used.

    Args:
        space: Hyperparameters of KerasTuner, in an order in which parents come first.
        known: Trials with a score.
        pending: Trials whose results may not be used.
        size: Code size.
        lower: Whether lower scores are better.
        rng: Generator of the candidates.

    Reference: Snoek, Larochelle and Adams 2012, NeurIPS; Ginsbourger, Le Riche and Carraro 2010,
    *Kriging is well-suited to parallelize optimization* (the kriging believer).
    """
    free = [hp for hp in space if not isinstance(hp, keras_tuner.engine.hyperparameters.Fixed)]
    x = np.array([_vector(free, trial.hyperparameters.values) for trial in known])
    y = _relative(known, lower)
    process = _process(len(free)).fit(x, y) if len(free) else None
    if process is None:
        return []
    if pending:
        more = np.array([_vector(free, trial.hyperparameters.values) for trial in pending])
        x, y = np.concatenate([x, more]), np.concatenate([y, process.predict(more)])
        process.set_params(optimizer=None, kernel=process.kernel_).fit(x, y)
    best = x[np.argsort(y, kind="stable")[:5]]
    near = best[rng.integers(len(best), size=_NEAR)] + rng.normal(scale=0.1, size=(_NEAR, len(free)))
    rows = np.clip(np.concatenate([rng.random((_ANYWHERE, len(free))), near]), 0, 1 - 1e-9)
    candidates = [_values(space, free, row, size) for row in rows]
    # An inactive hyperparameter has its default, as in `x`.
    points = np.array([_vector(free, values) for values in candidates])
    mean, deviation = process.predict(points, return_std=True)
    z = (y.min() - mean) / np.maximum(deviation, 1e-12)
    improvement = deviation * (z * norm.cdf(z) + norm.pdf(z))
    return [candidates[i] for i in np.argsort(-improvement, kind="stable")]


def _process(dimensions: int) -> GaussianProcessRegressor:
    kernel = ConstantKernel(1.0) * Matern([1.0] * dimensions, (0.1, 30.0), nu=2.5) + WhiteKernel(
        0.01, (1e-4, 1.0)
    )
    return _Quiet(kernel, normalize_y=True, n_restarts_optimizer=1, random_state=0)


class _Quiet(GaussianProcessRegressor):
    """Gaussian process without warnings about bounds, which a hyperparameter without effect reaches."""

    def fit(self, X: Any, y: Any) -> "_Quiet":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            super().fit(X, y)
        return self


def _relative(known: Sequence[Trial], lower: bool) -> np.ndarray:
    scores = np.array([trial.score for trial in known], "float64")
    y = np.log(scores) if (scores > 0).all() else scores
    y = y if lower else -y
    first: dict[int, float] = {}
    for trial, value in zip(known, y, strict=True):
        first.setdefault(trial.hyperparameters.values["latent_dim"], value)
    return y - np.array([first[trial.hyperparameters.values["latent_dim"]] for trial in known])


def _vector(free: Sequence[Any], values: dict[str, Any]) -> np.ndarray:
    return np.array([hp.value_to_prob(values.get(hp.name, hp.default)) for hp in free], "float64")


def _values(space: Sequence[Any], free: Sequence[Any], row: np.ndarray, size: int) -> dict[str, Any]:
    at = {id(hp): share for hp, share in zip(free, row, strict=True)}
    values: dict[str, Any] = {}
    for hp in space:
        if all(condition.is_active(values) for condition in hp.conditions):
            values[hp.name] = hp.prob_to_value(at[id(hp)]) if id(hp) in at else hp.value
    return values | {"latent_dim": size}
