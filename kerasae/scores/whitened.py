"""The Mahalanobis distance of the residual as an anomaly score."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

import keras
import numpy as np
from keras import ops

from kerasae.scores._base import Accounts, Score

#: Above it the covariance of the features is taken as diagonal: its root would have more numbers than
#: the model.
_MOST = 1024


@keras.saving.register_keras_serializable(package="kerasae")
class WhitenedScore(Score):
    """`(r - m)' C^-1 (r - m)` of the residual `r`, with its mean and covariance on the training rows.

    A feature that is always hard to rebuild counts for less, and two that err together count once. The
    distance is the sum of squares of `W (r - m)`, where `W = P^(-1/2) V^(-1/2)`, `P` the correlation
    and `V` the variances: of all roots of `C^-1` the one whose coordinates stay nearest to the features
    (Kessy, Lewin, Strimmer 2018, ZCA-cor), so that each square is what its feature adds.

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

    def adapt(self, accounts: Accounts, least: np.ndarray | None = None) -> Self:
        super().adapt(accounts)
        rows, mean, scatter = _moments(accounts(), full=self.root is not None)
        variances = scatter if self.root is None else np.diag(scatter)
        deviations = np.sqrt(variances / rows)
        # A feature that is always rebuilt would otherwise be infinitely odd at the least slip.
        floor = 1e-3 * np.sqrt(np.mean(np.square(deviations))) + 1e-12
        deviations = np.maximum(deviations, floor if least is None else np.maximum(least, floor))
        self.mean.assign(mean)
        self.inverse.assign(1.0 / deviations)
        if self.root is not None:
            correlation = scatter / rows / np.outer(deviations, deviations)
            # Also where the floor holds: the root would lift it again.
            np.fill_diagonal(correlation, 1.0)
            self.root.assign(_inverse_root(_shrunk(correlation, rows)))
        return self

    def features(self, inputs: Mapping[str, Any]) -> Any:
        residual = inputs["residual"]
        scaled = (residual - self.mean) * self.inverse
        if self.root is not None:
            scaled = ops.matmul(scaled, self.root)
        return ops.square(scaled)


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
