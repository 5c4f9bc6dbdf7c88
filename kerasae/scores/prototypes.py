"""The distance to the nearest prototypes of the training rows as an anomaly score."""

import warnings
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import keras
import numpy as np
from keras import ops

from kerasae.arguments import check_positive_integer
from kerasae.scores._base import Accounts, Score
from kerasae.scores._points import Points

#: Largest number of training rows, evenly spaced, from which the prototypes are made.
_ROWS = 20_000
#: Largest number of iterations of k-means. Later ones move the prototypes little.
_ITERATIONS = 10


@keras.saving.register_keras_serializable(package="kerasae")
class PrototypesScore(Score):
    """Mean distance of an example to its nearest prototypes, in units of standard deviations.

    The prototypes are the centres of k-means on the training rows; if there are at most `most` rows, they are
    the rows. The distance is between points (`Points`): numbers as they are and as normal scores, and
    categories as indicators. The mean over few prototypes has a bounded size, so unlike the training rows it
    can be part of an artifact. A prototype has twice as many float32 numbers as an example has numbers: 256
    prototypes of ten columns are 20 kB.

    The contribution of a feature to the distance `d` to a prototype is its squared difference divided by `d`.
    They sum to the score. The squared difference of a missing entry is the square of its residual, twice the
    evidence of the gap in nats, which is 0 if gaps are usual; those of the present entries are scaled up for
    it.

    Args:
        neighbours: Number of nearest prototypes. Anomalies among the training rows get prototypes of their
            own, which a mean over more prototypes outvotes; fewer are sharper where all rows are normal.
            Defaults to 10.
        most: Largest number of prototypes. Defaults to 256. A few dozen suit a microcontroller.

    The default was chosen on the even half of the tables of `benchmarks/detector/oddbench.py`, as a part of
    `EvidenceScore`, with normal training rows and with 5 % anomalies among them. The mean AUROCs are 78.3 and
    72.5 with 3 neighbours, 78.2 and 72.8 with 5, 78.1 and 73.4 with 10, and 77.8 and 73.6 with 20.

    Reference: Ramaswamy, Rastogi, Shim 2000, SIGMOD, and Angiulli, Pizzuti 2002, PKDD, for the distance to
    neighbours; Hart 1968, *IEEE Transactions on Information Theory* 14(3), for prototypes in place of rows.
    """

    unit: ClassVar[str | None] = "distance to training rows, in standard deviations"
    needs: ClassVar[tuple[str, ...]] = ("x", "residual")

    def __init__(self, *, neighbours: int = 10, most: int = 256, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_positive_integer("neighbours", neighbours)
        check_positive_integer("most", most)
        self.neighbours = neighbours
        self.most = most
        #: Number of training rows of each prototype, and number of categories of each feature.
        self._sizes: list[int] = []
        self._categories: list[int] = []

    # Storage -------------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        features = input_shape["x"][-1]
        self.points = Points(self._categories or [0] * features)
        self.points.build((None, features))
        size = len(self.points.owners)
        self.prototypes = self.add_weight(
            shape=(len(self._sizes), size), trainable=False, name="prototypes", initializer="zeros"
        )
        super().build(input_shape)

    def get_build_config(self) -> dict[str, Any]:
        return {**super().get_build_config(), "sizes": self._sizes, "categories": self._categories}

    def build_from_config(self, config: dict[str, Any]) -> None:
        self._sizes, self._categories = config.pop("sizes"), config.pop("categories")
        super().build_from_config(config)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "neighbours": self.neighbours, "most": self.most}

    # Fitting -------------------------------------------------------------------------------------

    def adapt(self, accounts: Accounts, least: np.ndarray | None = None) -> Self:
        step = -(-sum(len(part["x"]) for part in accounts()) // _ROWS)
        rows = np.concatenate([part["x"][::step] for part in accounts()])
        self._categories = [0] * rows.shape[1]
        if least is not None:
            # Only the residual of a category, boolean or token has a smallest deviation.
            most = np.maximum(rows.max(axis=0), 1)
            self._categories = np.where(least > 0, most + 1, 0).astype(int).tolist()
        points = Points(self._categories).adapt(rows)
        places = np.concatenate([ops.convert_to_numpy(points(part)) for part in np.array_split(rows, step)])
        prototypes, sizes = _prototypes(places, self.most)
        self._sizes = sizes.tolist()
        super().adapt(accounts)
        self.points.set_weights(points.get_weights())
        self.prototypes.assign(prototypes)
        return self

    # Score ---------------------------------------------------------------------------------------

    def call(self, inputs: Mapping[str, Any]) -> Any:
        return ops.mean(self._nearest(inputs, self.neighbours)[0], axis=1)

    def on_training_rows(self, inputs: Mapping[str, Any]) -> Any:
        """Score training rows, `(rows,)`, each against prototypes that were made without it.

        A row is nearest to the prototype of its own cluster. Without the row, the mean of a cluster of `n`
        rows is `n / (n - 1)` times as far from it, and a cluster of this row alone does not exist.
        """
        distances, chosen, _ = self._nearest(inputs, self.neighbours + 1)
        if distances.shape[1] == 1:
            return distances[:, 0]
        size = ops.take(np.array(self._sizes, "float32"), chosen[:, 0])
        own = distances[:, 0] * size / ops.maximum(size - 1.0, 1.0)
        others = ops.mean(distances[:, 1:], axis=1)
        kept = ops.concatenate([own[:, None], distances[:, 1:-1]], axis=1)
        return ops.where(size > 1.5, ops.minimum(ops.mean(kept, axis=1), others), others)

    def _nearest(self, inputs: Mapping[str, Any], count: int) -> tuple[Any, Any, Any]:
        """Return distances to the nearest prototypes, `(batch, count)`, in ascending order.

        Returns:
            The distances, the numbers of the prototypes, `(batch, count)`, and the squared differences by
            dimension, `(batch, count, dimensions)`.
        """
        point = self.points(inputs["x"])
        present = None
        if "missing" in inputs:
            present = self.points.by_dimension(1.0 - inputs["missing"])
            point = point * present
            lengths = ops.matmul(present, ops.transpose(ops.square(self.prototypes)))
        else:
            lengths = ops.sum(ops.square(self.prototypes), axis=1)
        # Half of the squared length of the point less half of the squared distance. The prototypes are not
        # multiplied by 2, because a file would then hold them twice.
        nearness = ops.matmul(point, ops.transpose(self.prototypes)) - 0.5 * lengths
        chosen = ops.top_k(nearness, min(count, len(self._sizes)))[1]
        # These products cancel, so the distances to the nearest are computed anew.
        squares = ops.square(point[:, None] - ops.take(self.prototypes, chosen, axis=0))
        if present is None:
            return ops.sqrt(ops.sum(squares, axis=2)), chosen, squares
        share = ops.mean(present, axis=1, keepdims=True)
        squares = squares * (present / ops.maximum(share, 1e-3))[:, None]
        total = ops.sum(squares, axis=2) + ops.sum(_gaps(inputs), axis=1, keepdims=True)
        return ops.sqrt(total), chosen, squares

    def features(self, inputs: Mapping[str, Any]) -> Any:
        distances, _, squares = self._nearest(inputs, self.neighbours)
        inverse = 1.0 / ops.maximum(distances, 1e-30)
        parts = self.points.by_feature(ops.mean(squares * inverse[:, :, None], axis=1))
        if "missing" not in inputs:
            return parts
        return parts + _gaps(inputs) * ops.mean(inverse, axis=1, keepdims=True)


def _gaps(inputs: Mapping[str, Any]) -> Any:
    """Return the squared differences of missing entries, `(batch, features)`."""
    return inputs["missing"] * ops.square(inputs["residual"])


def _prototypes(points: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return at most `most` prototypes of points, and the number of points of each."""
    if len(points) <= most:
        return points, np.ones(len(points), int)
    # Imported here, because it takes as long as all other imports of this package.
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # There may be fewer distinct points than prototypes.
        warnings.simplefilter("ignore", ConvergenceWarning)
        means = KMeans(most, n_init=1, max_iter=_ITERATIONS, random_state=0).fit(points)
    sizes = np.bincount(means.labels_, minlength=most)
    return means.cluster_centers_[sizes > 0], sizes[sizes > 0]
