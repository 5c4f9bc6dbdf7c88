"""Indexes of codes: exact, approximate, or of bits."""

from typing import Any, Literal, Self

import numpy as np
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors

from kerasae.applications.retrieval._quantization import IterativeQuantization, hamming

#: Links that a row of the graph has, of the package's example; twice as many in its lowest layer.
_LINKS = 16

#: Queries whose distances to all rows are in memory at a time.
_QUERIES = 64


class Index:
    """Codes among which neighbours are found. Abstract.

    Args:
        metric: of distances.
        bits: per code, for an index of bits.
        seed: of what is random in it.
    """

    #: Whether the neighbours are those of all distances between the codes themselves.
    exact = True

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
        """Takes in codes `(rows, latent_dim)`."""
        raise NotImplementedError(f"{type(self).__name__} must write `fit`.")

    def kneighbors(self, codes: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Distances and row numbers of the k nearest, each `(queries, k)`, nearest first."""
        raise NotImplementedError(f"{type(self).__name__} must write `kneighbors`.")

    def distances(self, codes: np.ndarray) -> np.ndarray:
        """To all rows, `(queries, rows)`."""
        raise NotImplementedError(f"{type(self).__name__} must write `distances`.")

    def arrays(self) -> dict[str, np.ndarray]:
        """What `restore` needs."""
        raise NotImplementedError(f"{type(self).__name__} must write `arrays`.")

    def restore(self, arrays: Any) -> Self:
        """The inverse of `arrays`."""
        return self.fit(arrays["codes"])

    @property
    def row_bytes(self) -> int:
        """Bytes that a row takes."""
        raise NotImplementedError(f"{type(self).__name__} must write `row_bytes`.")


class ExactIndex(Index):
    """All distances, by scikit-learn."""

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
    """A navigable small-world graph of the package hnswlib: few distances, most of the neighbours.

    Reference: Malkov and Yashunin 2020, IEEE TPAMI 42(4).
    """

    exact = False

    def fit(self, codes: np.ndarray) -> Self:
        try:
            import hnswlib
        except ImportError:
            raise ImportError(
                "`approximate=True` needs the package hnswlib: pip install kerasae[retrieval]."
            ) from None
        self.codes_ = np.asarray(codes, "float32")
        space = {"euclidean": "l2", "cosine": "cosine"}[self.metric]
        self._index = hnswlib.Index(space, self.codes_.shape[1])
        # The rows looked at when one is put in are those of the package's example too.
        self._index.init_index(len(codes), M=_LINKS, ef_construction=200, random_seed=self.seed)
        # One thread: with more the graph depends on their order.
        self._index.add_items(self.codes_, num_threads=1)
        return self

    def kneighbors(self, codes: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        # Below k it cannot answer; a few times as many keep the neighbours it misses rare.
        self._index.set_ef(min(max(64, 4 * k), max(k, len(self.codes_))))
        rows, squares = self._index.knn_query(np.asarray(codes, "float32"), k, num_threads=1)
        distances = np.sqrt(np.maximum(squares, 0)) if self.metric == "euclidean" else squares
        return distances, rows.astype("int64")

    @property
    def row_bytes(self) -> int:
        # Four bytes a link, and their number.
        return super().row_bytes + 4 * (2 * _LINKS + 1)


class BinaryIndex(Index):
    """Bits by iterative quantization, and the number of those that differ."""

    exact = False

    def fit(self, codes: np.ndarray) -> Self:
        self._quantizer = IterativeQuantization(self.bits, seed=self.seed).fit(codes)
        self.packed_ = self._quantizer.transform(codes)
        return self

    def kneighbors(self, codes: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        distances, rows = [], []
        for start in range(0, len(codes), _QUERIES):
            far = self.distances(codes[start : start + _QUERIES])
            # Of rows at the same distance the first ones, so that two calls agree.
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
