"""The Mahalanobis distance of the residual as an anomaly score."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from kerasae.scores._base import Accounts
from kerasae.scores._few_rows import FewRows, within
from kerasae.scores._residual import ResidualScore

#: Above it the covariance of the features is taken as diagonal: its root would have more numbers than
#: the model.
_MOST = 1024
#: Steps in which missing residuals are found: exact for so many gaps in a row.
_STEPS = 8


@keras.saving.register_keras_serializable(package="kerasae")
class WhitenedScore(ResidualScore):
    """`(r - m)' C^-1 (r - m)` of the residual `r`, with its mean and covariance on the training rows.

    A feature that is always hard to rebuild counts for less, and two that err together count once. The
    distance is the sum of squares of `W (r - m)`, where `W = P^(-1/2) V^(-1/2)`, `P` the correlation
    and `V` the variances: of all roots of `C^-1` the one whose coordinates stay nearest to the features
    (Kessy, Lewin, Strimmer 2018, ZCA-cor), so that each square is what its feature adds.

    Where the thousandth of the rows that are furthest off make more than half of a feature's variance, they
    are cut to the next one (`FewRows`): one gross error among the training rows would otherwise hide all
    others.

    Of a row with missing entries it is the distance of the others, by their own covariance; what a missing
    entry adds is in `ResidualScore`.

    The correlation is shrunk towards the identity (Chen et al. 2010, OAS), without a parameter. Above
    1,024 features it is the identity: `sum_j (r_j - m_j)^2 / v_j`.

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
        # A feature that is always rebuilt would otherwise be infinitely odd at the least slip.
        floor = 1e-3 * np.sqrt(np.mean(np.square(deviations))) + 1e-12
        deviations = np.maximum(deviations, floor if least is None else np.maximum(least, floor))
        self.mean.assign(mean)
        self.inverse.assign(1.0 / deviations)
        if self.root is not None:
            # Divided by the rows of each feature, not by those that two have in common: where gaps are
            # many the correlation is less, and it stays positive definite.
            norms = np.sqrt(np.maximum(counts, 1)) * deviations
            correlation = scatter / np.outer(norms, norms)
            # Also where the floor holds: the root would lift it again.
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
        there = 1.0 - missing
        scaled = scaled * there
        if self.root is None:
            return ops.square(scaled)
        found = ops.square(ops.matmul(self._filled(scaled, missing), self.root))
        # The distance is of what is there, and so are the reasons.
        total = ops.sum(found, axis=1, keepdims=True)
        found = found * there
        return found * (total / ops.maximum(ops.sum(found, axis=1, keepdims=True), 1e-30))

    def _filled(self, scaled: Any, missing: Any) -> Any:
        """Standardised residuals with the missing ones as the others let expect them.

        These are the ones of least distance, and the distance is then that of the present features by
        their own covariance. Found by conjugate gradients (Hestenes and Stiefel 1952): after as many
        steps as there are gaps they are exact, and nearly so before.
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
    """Rows, mean and summed squares of deviations: a matrix, or its diagonal.

    Parts are joined as by Chan, Golub, LeVeque 1979, so that nothing cancels.
    """
    rows = 0
    mean: Any = 0.0
    scatter: Any = 0.0
    for part in parts:
        residual = np.asarray(part["residual"], "float64")
        count, own = len(residual), residual.mean(axis=0)
        centred, shift = residual - own, own - mean
        between = rows * count / (rows + count)
        if full:
            scatter = scatter + centred.T @ centred + between * np.outer(shift, shift)
        else:
            scatter = scatter + np.square(centred).sum(axis=0) + between * np.square(shift)
        mean = mean + shift * count / (rows + count)
        rows += count
    return rows, np.asarray(mean), np.asarray(scatter)


def _moments_with_gaps(accounts: Accounts, full: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `_moments`, over the entries that are there: their counts by feature, mean, summed squares."""
    counts: Any = 0.0
    total: Any = 0.0
    for part in accounts():
        there = 1.0 - part["missing"].astype("float64")
        counts = counts + there.sum(axis=0)
        total = total + (part["residual"] * there).sum(axis=0)
    mean = total / np.maximum(counts, 1.0)
    scatter: Any = 0.0
    for part in accounts():
        centred = (part["residual"].astype("float64") - mean) * (1.0 - part["missing"])
        scatter = scatter + (centred.T @ centred if full else np.square(centred).sum(axis=0))
    return counts, mean, scatter


def _shrunk(correlation: np.ndarray, rows: int) -> np.ndarray:
    """A correlation, shrunk towards the identity by the share of Chen et al. 2010, equation 23."""
    size = len(correlation)
    squares, trace = np.sum(correlation**2), np.trace(correlation)
    above = (1 - 2 / size) * squares + trace**2
    below = (rows + 1 - 2 / size) * (squares - trace**2 / size)
    share = min(max(above / max(below, 1e-12), 1e-6), 1.0)
    return (1 - share) * correlation + share * np.eye(size)


def _inverse_root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors / np.sqrt(np.maximum(values, 1e-12))) @ vectors.T
