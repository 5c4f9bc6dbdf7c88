"""Retrieval: the training rows that are most similar to an example."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np

from kerasae.applications._arguments import check_counts
from kerasae.applications._base import Application, Finding, class_labels
from kerasae.applications._examples import LEARNT, learnt_codes, learnt_names
from kerasae.applications._pooled import compared, note_on_pooling, pool_of
from kerasae.applications.retrieval._in_x import NeighboursInX
from kerasae.applications.retrieval._indexes import ApproximateIndex, BinaryIndex, ExactIndex, Index
from kerasae.applications.retrieval._measuring import agreement, agreement_with_exact
from kerasae.applications.retrieval._page import notes, show_neighbours, write_neighbours
from kerasae.codec import Codec
from kerasae.data import Data, drawn_rows
from kerasae.files import KEY, check_number, read_arrays
from kerasae.metrics import Metric, codes_of
from kerasae.report.page import Listing, Picture
from kerasae.spec import Spec

#: Number of the format of `index.npz`.
FORMAT = 1
#: Arguments that are stored with an index.
_SAVED = ("k", "metric", "approximate", "binary")


class Retrieval(Application):
    """Index of codes, which returns the training rows nearest to an example.

    The report writes `neighbours.csv` with the k nearest rows of each query, and `index.npz`, which
    `read_index` reads. The name of a row is that of its file or its index in a table, otherwise its number.
    Validation rows follow the training rows.

    `kerasae apply` stores the index in the run, with a sample of the training rows. A later use loads it; for
    examples of the user it does not read the training data, and names the neighbours without showing them.

    Args:
        codec: Codec that maps raw examples to codes.
        k: Number of neighbours per query. Defaults to 10.
        metric: Metric of the distances: `"euclidean"`, or `"cosine"`, which ignores the length of a code.
            Defaults to `"euclidean"`.
        approximate: Whether to search a graph of the package hnswlib, which compares few rows and may miss
            some neighbours. Defaults to False.
        binary: Whether to turn codes into bits by iterative quantization; distances then count different
            bits. Defaults to False.
        pool: Statistics of a code that is a map, by which images are compared: `"mean"` of each channel over
            the places, `"moments"`, which adds the standard deviation, or `"whole"`, the map itself, place by
            place. Defaults to `None`: `"moments"` for a map. A code that is a vector is always whole.
        bits: Number of bits per code, with `binary`. Defaults to `None`: one bit for each entry of the code.
        most: Largest number of queries for the figures; more queries are subsampled. All queries are
            answered. Defaults to 1000.
        seed: Seed of the graph, the bits and the subsample. Defaults to 0.

    Attributes:
        index_: Index of the codes.
        names_: Names of its rows.

    Raises:
        ValueError: If a number is out of range, or arguments exclude each other.
        ImportError: If `approximate` is set and hnswlib is not installed.

    Example:
        >>> from kerasae.applications import Retrieval
        >>> distances, rows = Retrieval(model).fit(data).kneighbors(data.test.head(1), 5)

    Reference: Gong and Lazebnik 2011, CVPR (bits); Malkov and Yashunin 2020, IEEE TPAMI 42(4) (graph).
    """

    spec_: Spec
    index_: Index
    names_: np.ndarray

    compares_codes = True
    only_models: ClassVar[tuple[str, ...]] = ("pool",)
    only_reported: ClassVar[tuple[str, ...]] = ("k", "most")

    def __init__(
        self,
        codec: Codec,
        *,
        k: int = 10,
        metric: Literal["euclidean", "cosine"] = "euclidean",
        approximate: bool = False,
        binary: bool = False,
        pool: Literal["mean", "moments", "whole"] | None = None,
        bits: int | None = None,
        most: int = 1000,
        seed: int = 0,
    ) -> None:
        super().__init__(codec)
        check_counts(k=k, most=most, bits=bits)
        if metric not in ("euclidean", "cosine"):
            raise ValueError(f"`metric` must be euclidean or cosine, received {metric!r}.")
        if approximate and binary:
            raise ValueError(
                "`approximate` must be False with `binary`, whose index is exact, received True."
            )
        if binary and metric != "euclidean":
            raise ValueError(f"`metric` must be euclidean with `binary`, received {metric!r}.")
        if bits is not None and not binary:
            raise ValueError(f"`bits` must go with `binary`, received {bits} without it.")
        self.compared = compared(codec, pool)
        self.k = k
        self.metric = metric
        self.approximate = approximate
        self.binary = binary
        self.pool = pool
        self.bits = bits
        self.most = most
        self.seed = seed

    def fit(self, data: Data) -> Self:
        """Index the training and the validation rows."""
        self.spec_ = data.spec
        self._codes = learnt_codes(self.compared, data)
        self.index_ = self._new_index().fit(self._codes)
        self.names_ = np.array(learnt_names(data))
        self._labels = _learnt_labels(data)
        self._in_x = NeighboursInX(self.seed).fit(data)
        return self

    def kneighbors(self, raw: Any, k: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the nearest rows of raw examples, the nearest first.

        Args:
            raw: Queries, `(queries, ...)`.
            k: Number of neighbours per query. Defaults to `None`, the `k` of the constructor, or all rows if
                they are fewer.

        Returns:
            Distances, in units of the code or as the number of different bits, and row numbers, each
            `(queries, k)`.

        Raises:
            ValueError: If `k` exceeds the number of rows.
        """
        return self._nearest(self.compared.transform(raw), k)

    def _nearest(self, codes: np.ndarray, k: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        rows = len(self.names_)
        wanted = min(self.k, rows) if k is None else k
        if not 1 <= wanted <= rows:
            raise ValueError(f"`k` must be from 1 to the rows of the index, {rows}, received {k}.")
        return self.index_.kneighbors(codes, wanted)

    def _new_index(self) -> Index:
        kind = BinaryIndex if self.binary else ApproximateIndex if self.approximate else ExactIndex
        return kind(self.metric, self.bits, self.seed)

    # The command ---------------------------------------------------------------------------------

    def report(self, data: Data, out: Path | None) -> Finding:
        codes = codes_of(self.compared, data, "test")
        distances, rows = self._nearest(codes)
        k = rows.shape[1]
        queries = drawn_rows(len(codes), self.most, self.seed)
        labels = in_x = None
        if self._labels is not None and data.test.labels is not None:
            labels = self._labels, data.test.labels.astype(str)
        if self._in_x.are_known(data):
            sample = self._in_x.numbers_
            in_x = sample, self._in_x.of(data, data.test.rows(queries), min(k, len(sample)))
        asked = None if labels is None else (labels[0], labels[1][queries])
        metrics = [
            Metric("rows", "rows", len(self.names_)),
            Metric("bytes_per_row", "bytes per row", self.index_.row_bytes, lower=True),
            *agreement(self.index_, codes[queries], rows[queries], in_x, asked),
        ]
        if not self.index_.exact:
            exact = ExactIndex(self.metric).fit(self._codes).kneighbors(codes[queries], k)[1]
            metrics.append(agreement_with_exact(exact, rows[queries]))
        pictures: list[Picture] = []
        listings: list[Listing] = []
        if out is not None:
            write_neighbours(out / "neighbours.csv", data, distances, rows, self.names_)
            self.write_index(out / "index.npz")
            pictures, listings = show_neighbours(data, distances, rows, self.names_, labels)
        said = notes(len(queries), k, in_x is not None, labels is not None, self.index_)
        said += note_on_pooling(self.compared)
        return Finding(metrics, _decisive(metrics), (), pictures, listings, said)

    # Storage -------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        arrays = {name: array for name, array in self.index_.arrays().items() if name != "codes"}
        return {
            "codes": self._codes,
            "index": arrays,
            "names": self.names_,
            "labels": self._labels,
            "in_x": self._in_x.state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        self._codes, self.names_, self._labels = state["codes"], state["names"], state["labels"]
        self.index_ = self._new_index().restore({"codes": self._codes, **state["index"]})
        self._in_x = NeighboursInX.of_state(state["in_x"])

    def write_index(self, path: str | Path) -> None:
        """Write the index alone as NPZ, for other programs: codes or bits, names, and the arguments."""
        arrays: dict[str, Any] = {name: getattr(self, name) for name in _SAVED}
        arrays |= {KEY: FORMAT, "pool": pool_of(self.compared)}
        np.savez(path, **arrays | {"names": self.names_} | self.index_.arrays())

    @classmethod
    def read_index(cls, path: str | Path, codec: Codec) -> Self:
        """Read an index from the file that `report` wrote, with the codec that made it.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the file is damaged, holds something else, or a newer kerasae wrote it.
        """
        # Earlier files hold whole codes.
        arrays = {KEY: np.array(0), "pool": np.array("whole"), **read_arrays(Path(path))}
        check_number(arrays[KEY].tolist(), FORMAT, path)
        try:
            loaded = cls(codec, **{name: arrays[name].item() for name in (*_SAVED, "pool")})
            loaded.index_ = loaded._new_index().restore(arrays)
            loaded.names_ = arrays["names"]
        except KeyError as error:
            raise ValueError(
                f"Expected an index that `kerasae apply retrieval` wrote in {path}, received a file without "
                f"the array {error}; write it again."
            ) from None
        return loaded


def _learnt_labels(data: Data) -> np.ndarray | None:
    """Return the labels of the indexed rows as texts, `(rows,)`, if those of the training are classes."""
    parts = [data.split(split).labels for split in LEARNT if len(data.split(split))]
    if class_labels(data, "train") is None or any(part is None for part in parts):
        return None
    return np.concatenate([np.asarray(part).astype(str) for part in parts])


def _decisive(metrics: Sequence[Metric]) -> str:
    """Return the key of the metric that compares codecs: by labels if they are known, otherwise in `x`."""
    known = {metric.key for metric in metrics if metric.number is not None}
    return next((key for key in ("mean_average_precision", "neighbours_in_x") if key in known), "")
