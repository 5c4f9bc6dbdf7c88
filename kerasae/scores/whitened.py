"""The squared Mahalanobis distance of the residual as an anomaly score."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from kerasae.scores._base import Accounts
from kerasae.scores._few_rows import FewRows, within
from kerasae.scores._residual import ResidualScore

#: Largest number of features with a full covariance matrix. Above it the matrix is diagonal, because its
#: root would have more numbers than the model.
_MOST = 1024
#: Number of steps that compute missing residuals. The result is exact for up to 8 gaps in a row.
_STEPS = 8


@keras.saving.register_keras_serializable(package="kerasae")
class WhitenedScore(ResidualScore):
    """`(r - m)' C^-1 (r - m)` of the residual `r`, with its mean `m` and covariance `C` on training rows.

    A feature that is always hard to reconstruct counts less, and two features with correlated errors count
    once. The distance is the sum of squares of `W (r - m)`, where `W = P^(-1/2) V^(-1/2)`, `P` is the
    correlation matrix and `V` the diagonal matrix of the variances. Among all roots of `C^-1` this one keeps
    its coordinates nearest to the features (Kessy, Lewin, Strimmer 2018, ZCA-cor), so each square is the
    contribution of its feature.

    If the most extreme thousandth of the rows causes more than half of the variance of a feature, these rows
    are clipped to the next one (`FewRows`). One gross error among the training rows would otherwise hide all
    others.

    For a row with missing entries the distance is that of the present features, with their own covariance.
    `ResidualScore` defines what a missing entry adds.

    The correlation matrix is shrunk towards the identity without a parameter (Chen et al. 2010, OAS). Above
    1,024 features it is the identity, and the score is `sum_j (r_j - m_j)^2 / v_j`.

    Reference: Kessy, Lewin, Strimmer 2018, *The American Statistician* 72(4), section 5; Chen, Wiesel,
    Eldar, Hero 2010, *IEEE Transactions on Signal Processing* 58(10), equation 23.
    """

    unit: ClassVar[str | None] = "squared Mahalanobis distance of the residual, a number without a unit"

    def build(self, input_shape: Any) -> None:
        size = input_shape["residual"][-1]
        full = size <= _MOST
        self.mean = self.add_weight(shape=(size,), trainable=False, name="mean", initializer="zeros")
        self.inverse = self.add_weight(shape=(size,), trainable=False, name="inverse", initializer="ones")
        self.root = None
        if full:
            self.root = self.add_weight(
                shape=(size, size), trainable=False, name="root", initializer="identity"
            )
        super().build(input_shape)

    def learn(self, accounts: Accounts, least: np.ndarray | None) -> None:
        full = self.root is not None
        few = FewRows()
        counts, mean, scatter = self._moments(lambda: few.watching(accounts), full)
        bounds = few.bounds(counts, mean, np.diag(scatter) if full else scatter)
        if bounds is not None:
            counts, mean, scatter = self._moments(within(accounts, bounds), full)
        rows = int(counts.max())
        variances = np.diag(scatter) if full else scatter
        deviations = np.sqrt(variances / np.maximum(counts, 1))
        # Without a floor, any error in a feature that is always exact would score as infinite.
        floor = 1e-3 * np.sqrt(np.mean(np.square(deviations))) + 1e-12
        deviations = np.maximum(deviations, floor if least is None else np.maximum(least, floor))
        self.mean.assign(mean)
        self.inverse.assign(1.0 / deviations)
        if self.root is not None:
            # The divisor is the number of rows of each feature and not of those that two features share. With
            # many gaps the correlation is then smaller, but the matrix stays positive definite.
            norms = np.sqrt(np.maximum(counts, 1)) * deviations
            correlation = scatter / np.outer(norms, norms)
            # The diagonal is 1 also for a feature at the floor; otherwise the root would undo the floor.
            np.fill_diagonal(correlation, 1.0)
            self.root.assign(_inverse_root(_shrunk(correlation, rows)))

    def _moments(self, accounts: Accounts, full: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if self.expected is not None:
            return _moments_with_gaps(accounts, full)
        rows, mean, scatter = _moments(accounts(), full)
        return np.full(len(mean), rows), mean, scatter

    def present(self, inputs: Mapping[str, Any]) -> Any:
        scaled = (inputs["residual"] - self.mean) * self.inverse
        missing = None if self.expected is None else inputs.get("missing")
        if missing is None:
            return ops.square(scaled if self.root is None else ops.matmul(scaled, self.root))
        is_present = 1.0 - missing
        scaled = scaled * is_present
        if self.root is None:
            return ops.square(scaled)
        parts = ops.square(ops.matmul(self._filled(scaled, missing), self.root))
        # The distance is that of the present features, so only they get a contribution.
        total = ops.sum(parts, axis=1, keepdims=True)
        parts = parts * is_present
        return parts * (total / ops.maximum(ops.sum(parts, axis=1, keepdims=True), 1e-30))

    def _filled(self, scaled: Any, missing: Any) -> Any:
        """Replace missing standardised residuals by their conditional mean given the present ones.

        These values have the smallest distance, which is then the distance of the present features with their
        own covariance. Conjugate gradients compute them (Hestenes and Stiefel 1952). The result is exact
        after as many steps as there are gaps, and nearly exact before.
        """

        def apply(direction: Any) -> Any:
            return missing * ops.matmul(ops.matmul(direction, self.root), self.root)

        filled = scaled
        remainder = -apply(scaled)
        direction = remainder
        length = ops.sum(ops.square(remainder), axis=1, keepdims=True)
        for _ in range(_STEPS):
            applied = apply(direction)
            step = length / ops.maximum(ops.sum(direction * applied, axis=1, keepdims=True), 1e-30)
            filled = filled + step * direction
            remainder = remainder - step * applied
            new = ops.sum(ops.square(remainder), axis=1, keepdims=True)
            direction = remainder + new / ops.maximum(length, 1e-30) * direction
            length = new
        return filled


def _moments(parts: Iterable[Mapping[str, np.ndarray]], full: bool) -> tuple[int, np.ndarray, np.ndarray]:
    """Return the number of rows, the mean, and the summed squares of deviations.

    The batches are combined as in Chan, Golub, LeVeque 1979, so that nothing cancels.

    Args:
        parts: Accounts of the rows, batch by batch.
        full: Whether to return the full matrix of squares and products, or only its diagonal.
    """
    rows = 0
    mean: Any = 0.0
    scatter: Any = 0.0
    for part in parts:
        residual = np.asarray(part["residual"], "float64")
        count, part_mean = len(residual), residual.mean(axis=0)
        centred, shift = residual - part_mean, part_mean - mean
        between = rows * count / (rows + count)
        if full:
            scatter = scatter + centred.T @ centred + between * np.outer(shift, shift)
        else:
            scatter = scatter + np.square(centred).sum(axis=0) + between * np.square(shift)
        mean = mean + shift * count / (rows + count)
        rows += count
    return rows, np.asarray(mean), np.asarray(scatter)


def _moments_with_gaps(accounts: Accounts, full: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the same as `_moments` over the present entries, with a count for each feature."""
    counts: Any = 0.0
    total: Any = 0.0
    for part in accounts():
        is_present = 1.0 - part["missing"].astype("float64")
        counts = counts + is_present.sum(axis=0)
        total = total + (part["residual"] * is_present).sum(axis=0)
    mean = total / np.maximum(counts, 1.0)
    scatter: Any = 0.0
    for part in accounts():
        centred = (part["residual"].astype("float64") - mean) * (1.0 - part["missing"])
        scatter = scatter + (centred.T @ centred if full else np.square(centred).sum(axis=0))
    return counts, mean, scatter


def _shrunk(correlation: np.ndarray, rows: int) -> np.ndarray:
    """Shrink a correlation matrix towards the identity (Chen et al. 2010, equation 23)."""
    size = len(correlation)
    squares, trace = np.sum(correlation**2), np.trace(correlation)
    above = (1 - 2 / size) * squares + trace**2
    below = (rows + 1 - 2 / size) * (squares - trace**2 / size)
    share = min(max(above / max(below, 1e-12), 1e-6), 1.0)
    return (1 - share) * correlation + share * np.eye(size)


def _inverse_root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors / np.sqrt(np.maximum(values, 1e-12))) @ vectors.T
