"""Indexes of codes: exact, approximate, and binary."""

from typing import Any, Literal, Self

import numpy as np
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors

from kerasae.applications.retrieval._quantization import IterativeQuantization, hamming
from kerasae.extras import import_extra

#: Number of links of a row of the graph, from the example of hnswlib; the lowest layer has twice as many.
_LINKS = 16

#: Number of queries whose distances to all rows are in memory at a time.
_QUERIES = 64


class Index:
    """Index that finds the nearest of its codes. Abstract.

    Args:
        metric: Metric of the distances.
        bits: Number of bits per code, for a binary index.
        seed: Seed of its random parts.
    """

    #: Whether the neighbours are exactly those of the codes.
    exact = True
    #: Whether it ranks all rows, and not only the nearest ones.
    full_ranking = True

    def __init__(
        self,
        metric: Literal["euclidean", "cosine"] = "euclidean",
        bits: int | None = None,
        seed: int = 0,
    ) -> None:
        self.metric = metric
        self.bits = bits
        self.seed = seed

    def fit(self, codes: np.ndarray) -> Self:
        """Index codes, `(rows, latent_dim)`."""
        raise NotImplementedError(f"{type(self).__name__} must write `fit`.")

    def kneighbors(self, codes: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return distances and row numbers of the k nearest codes, each `(queries, k)`, the nearest first."""
        raise NotImplementedError(f"{type(self).__name__} must write `kneighbors`.")

    def distances(self, codes: np.ndarray) -> np.ndarray:
        """Return the distances to all rows, `(queries, rows)`."""
        raise NotImplementedError(f"{type(self).__name__} must write `distances`.")

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays that `restore` needs."""
        raise NotImplementedError(f"{type(self).__name__} must write `arrays`.")

    def restore(self, arrays: Any) -> Self:
        """Restore the index from its `arrays`."""
        return self.fit(arrays["codes"])

    @property
    def row_bytes(self) -> int:
        """Size of a row, in bytes."""
        raise NotImplementedError(f"{type(self).__name__} must write `row_bytes`.")


class ExactIndex(Index):
    """Exact search with scikit-learn."""

    def fit(self, codes: np.ndarray) -> Self:
        self.codes_ = np.asarray(codes, "float32")
        self._index = NearestNeighbors(metric=self.metric).fit(self.codes_)
        return self

    def kneighbors(self, codes: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        return self._index.kneighbors(codes, k)

    def distances(self, codes: np.ndarray) -> np.ndarray:
        return pairwise_distances(codes, self.codes_, metric=self.metric)

    def arrays(self) -> dict[str, np.ndarray]:
        return {"codes": self.codes_}

    @property
    def row_bytes(self) -> int:
        return 4 * self.codes_.shape[1]


class ApproximateIndex(ExactIndex):
    """Navigable small-world graph of the package hnswlib; few distances find most of the neighbours.

    Reference: Malkov and Yashunin 2020, IEEE TPAMI 42(4).
    """

    exact = False
    full_ranking = False

    def fit(self, codes: np.ndarray) -> Self:
        hnswlib = import_extra("hnswlib", "retrieval", "`approximate=True`")
        self.codes_ = np.asarray(codes, "float32")
        space = {"euclidean": "l2", "cosine": "cosine"}[self.metric]
        self._index = hnswlib.Index(space, self.codes_.shape[1])
        # The number of rows that an insertion compares is from the example of hnswlib too.
        self._index.init_index(len(codes), M=_LINKS, ef_construction=200, random_seed=self.seed)
        # With several threads the graph would depend on their order.
        self._index.add_items(self.codes_, num_threads=1)
        return self

    def kneighbors(self, codes: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        # The search needs at least k candidates; a few times more make missed neighbours rare.
        self._index.set_ef(min(max(64, 4 * k), max(k, len(self.codes_))))
        rows, squares = self._index.knn_query(np.asarray(codes, "float32"), k, num_threads=1)
        distances = np.sqrt(np.maximum(squares, 0)) if self.metric == "euclidean" else squares
        return distances, rows.astype("int64")

    @property
    def row_bytes(self) -> int:
        # A link takes four bytes, and so does the number of links.
        return super().row_bytes + 4 * (2 * _LINKS + 1)


class BinaryIndex(Index):
    """Codes of bits from iterative quantization; the distance is the number of different bits."""

    exact = False

    def fit(self, codes: np.ndarray) -> Self:
        self._quantizer = IterativeQuantization(self.bits, seed=self.seed).fit(codes)
        self.packed_ = self._quantizer.transform(codes)
        return self

    def kneighbors(self, codes: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        distances, rows = [], []
        for start in range(0, len(codes), _QUERIES):
            far = self.distances(codes[start : start + _QUERIES])
            # The order of rows at the same distance is fixed, so that two calls agree.
            near = np.argsort(far, axis=1, kind="stable")[:, :k]
            rows.append(near)
            distances.append(np.take_along_axis(far, near, axis=1))
        return np.concatenate(distances), np.concatenate(rows)

    def distances(self, codes: np.ndarray) -> np.ndarray:
        return hamming(self._quantizer.transform(codes), self.packed_)

    def arrays(self) -> dict[str, np.ndarray]:
        return {
            "bits": self.packed_,
            "mean": self._quantizer.mean_,
            "rotation": self._quantizer.rotation_,
        }

    def restore(self, arrays: Any) -> Self:
        self.packed_ = arrays["bits"]
        self._quantizer = IterativeQuantization(arrays["rotation"].shape[1], seed=self.seed)
        self._quantizer.mean_, self._quantizer.rotation_ = arrays["mean"], arrays["rotation"]
        return self

    @property
    def row_bytes(self) -> int:
        return self.packed_.shape[1]
