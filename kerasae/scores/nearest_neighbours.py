"""The distance to the nearest training codes as an anomaly score."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import keras
import numpy as np
from keras import ops

from kerasae.arguments import check_positive_integer
from kerasae.data import drawn_rows
from kerasae.scores._base import Accounts, Score


@keras.saving.register_keras_serializable(package="kerasae")
class NearestNeighboursScore(Score):
    """Mean Euclidean distance to the `neighbours` nearest training codes.

    The score reads only codes, so the contribution of a feature is unknown. `features` therefore returns
    shares in proportion to the squared residuals. The score stores training codes, so it cannot be part of
    an exported graph.

    Args:
        neighbours: Number of nearest neighbours. Defaults to 5.
        most: Largest number of training codes that are stored. If there are more, a random subset is stored,
            because the distance to each is computed. Defaults to 20,000.

    Reference: Ramaswamy, Rastogi, Shim 2000, SIGMOD; Angiulli and Pizzuti 2002, PKDD (the mean).
    """

    in_graph: ClassVar[bool] = False
    unit: ClassVar[str | None] = "distance between codes"
    needs: ClassVar[tuple[str, ...]] = ("code", "residual")

    def __init__(self, *, neighbours: int = 5, most: int = 20_000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_positive_integer("neighbours", neighbours)
        check_positive_integer("most", most)
        self.neighbours = neighbours
        self.most = most
        self._rows = 0

    def build(self, input_shape: Any) -> None:
        size = input_shape["code"][-1]
        self.codes = self.add_weight(
            shape=(self._rows, size), trainable=False, name="codes", initializer="zeros"
        )
        super().build(input_shape)

    def get_build_config(self) -> dict[str, Any]:
        return {**super().get_build_config(), "rows": self._rows}

    def build_from_config(self, config: dict[str, Any]) -> None:
        self._rows = config.pop("rows")
        super().build_from_config(config)

    def adapt(self, accounts: Accounts, least: np.ndarray | None = None) -> Self:
        codes = np.concatenate([part["code"] for part in accounts()])
        if len(codes) > self.most:
            codes = codes[drawn_rows(len(codes), self.most, seed=0)]
        self._rows = len(codes)
        super().adapt(accounts)
        self.codes.assign(codes)
        return self

    def call(self, inputs: Mapping[str, Any]) -> Any:
        return self._mean(self._nearest(inputs["code"], self.neighbours))

    def on_training_rows(self, inputs: Mapping[str, Any]) -> Any:
        code = ops.convert_to_tensor(inputs["code"])
        nearest = self._nearest(code, self.neighbours + 1)
        if nearest.shape[1] == 1:
            return self._mean(nearest)
        others = self._mean(nearest[:, 1:])
        if self._rows < self.most:
            # Each row is its own nearest neighbour.
            return others
        # Only a subset of the rows is stored: a row is in it if its nearest code is as near as rounding.
        rounding = 1e-12 * ops.sum(ops.square(ops.cast(code, "float64")), axis=1)
        return ops.where(nearest[:, 0] <= rounding, others, self._mean(nearest[:, : self.neighbours]))

    def _nearest(self, code: Any, count: int) -> Any:
        """Return the squared distances to the nearest codes in ascending order, at most `(batch, count)`."""
        # float64 is needed: |a|^2 + |b|^2 - 2ab cancels if codes are far from 0 and near to each other.
        code, codes = ops.cast(code, "float64"), ops.cast(self.codes, "float64")
        squared = ops.sum(ops.square(code), axis=1)[:, None] + ops.sum(ops.square(codes), axis=1)[None]
        squared = squared - 2.0 * ops.matmul(code, ops.transpose(codes))
        return -ops.top_k(-squared, min(count, self._rows))[0]

    @staticmethod
    def _mean(squared: Any) -> Any:
        return ops.cast(ops.mean(ops.sqrt(ops.maximum(squared, 0.0)), axis=1), "float32")

    def features(self, inputs: Mapping[str, Any]) -> Any:
        squared = ops.square(inputs["residual"])
        share = squared / ops.maximum(ops.sum(squared, axis=1, keepdims=True), 1e-30)
        return share * self.call(inputs)[:, None]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "neighbours": self.neighbours, "most": self.most}
