"""Retrieval: the training rows that are most similar to an example."""

from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from kerasae.applications._arguments import check_counts
from kerasae.applications._base import Application, Finding, class_labels, row_names
from kerasae.applications._examples import LEARNT, learnt_names
from kerasae.applications._points import Points
from kerasae.applications.retrieval._indexes import ApproximateIndex, BinaryIndex, ExactIndex, Index
from kerasae.applications.retrieval._page import show_neighbours
from kerasae.applications.retrieval._ranking import Rankings
from kerasae.codec import Codec
from kerasae.data import Data, drawn_rows, has_label
from kerasae.files import read_arrays
from kerasae.metrics import RowSums, codes_of
from kerasae.report.page import Listing, Picture
from kerasae.report.sheet import write_sheet

#: Number of training rows, drawn at random, among which neighbours in `x` are searched: `x` has more numbers
#: than a code.
_ROWS_IN_X = 2000
#: Number of queries in a batch, each with its distances to all rows.
_QUERIES = 64

#: Arguments that are stored with an index.
_SAVED = ("k", "metric", "approximate", "binary")


class Retrieval(Application):
    """Index of codes, which returns the training rows nearest to an example.

    The report writes `neighbours.csv` with the k nearest rows of each query, and `index.npz`, which
    `read_index` reads. The name of a row is that of its file or its index in a table, otherwise its number.
    Validation rows follow the training rows.

    Args:
        codec: Codec that maps raw examples to codes.
        k: Number of neighbours per query. Defaults to 10.
        metric: Metric of the distances: `"euclidean"`, or `"cosine"`, which ignores the length of a code.
            Defaults to `"euclidean"`.
        approximate: Whether to search a graph of the package hnswlib, which compares few rows and may miss
            some neighbours. Defaults to False.
        binary: Whether to turn codes into bits by iterative quantization; distances then count different
            bits. Defaults to False.
        bits: Number of bits per code, with `binary`. Defaults to `None`, the code size.
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
        >>> distances, rows = Retrieval(model).fit(data).kneighbors(data.test.head(1), 5)

    Reference: Gong and Lazebnik 2011, CVPR (bits); Malkov and Yashunin 2020, IEEE TPAMI 42(4) (graph).
    """

    compares_codes = True
    decisive = ("mean average precision", "neighbours in x found")

    def __init__(
        self,
        codec: Codec,
        *,
        k: int = 10,
        metric: Literal["euclidean", "cosine"] = "euclidean",
        approximate: bool = False,
        binary: bool = False,
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
        self.k = k
        self.metric = metric
        self.approximate = approximate
        self.binary = binary
        self.bits = bits
        self.most = most
        self.seed = seed

    def fit(self, data: Data) -> Self:
        """Index the training and the validation rows."""
        self._codes = np.concatenate(
            [codes_of(self.codec, data, split) for split in LEARNT if len(data.split(split))]
        )
        self.index_ = self._new_index().fit(self._codes)
        self.names_ = np.array(learnt_names(data))
        self._points = Points().fit(data)
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
        return self._nearest(self.codec.transform(raw), k)

    def _nearest(self, codes: np.ndarray, k: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        rows = len(self.names_)
        wanted = min(self.k, rows) if k is None else k
        if not 1 <= wanted <= rows:
            raise ValueError(f"`k` must be from 1 to the rows of the index, {rows}, received {k}.")
        return self.index_.kneighbors(codes, wanted)

    @classmethod
    def read_index(cls, path: str | Path, codec: Codec) -> Self:
        """Read an index from the file that `report` wrote, with the codec that made it.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the file is damaged, or holds something else.
        """
        arrays = read_arrays(Path(path))
        try:
            loaded = cls(codec, **{name: arrays[name].item() for name in _SAVED})
            loaded.index_ = loaded._new_index().restore(arrays)
            loaded.names_ = arrays["names"]
        except KeyError as error:
            raise ValueError(
                f"Expected an index that `kerasae apply retrieval` wrote in {path}, received a file without "
                f"the array {error}; write it again."
            ) from None
        return loaded

    def write_index(self, path: str | Path) -> None:
        """Write the index as NPZ: codes or bits, names, and the arguments."""
        arrays: dict[str, Any] = {name: getattr(self, name) for name in _SAVED}
        np.savez(path, **arrays | {"names": self.names_} | self.index_.arrays())

    def _new_index(self) -> Index:
        kind = BinaryIndex if self.binary else ApproximateIndex if self.approximate else ExactIndex
        return kind(self.metric, self.bits, self.seed)

    def report(self, data: Data, out: Path | None) -> Finding:
        codes = codes_of(self.codec, data, "test")
        distances, rows = self._nearest(codes)
        k = rows.shape[1]
        queries = drawn_rows(len(codes), self.most, self.seed)
        labels = _labels(data)
        measured: dict[str, Any] = {"rows": len(self.names_), "bytes per row": self.index_.row_bytes}
        by_row = self._figures(data, codes, rows, labels, queries)
        measured |= {heading: figure.value for heading, figure in by_row.items()}
        if not self.index_.exact:
            true = ExactIndex(self.metric).fit(self._codes).kneighbors(codes[queries], k)[1]
            measured[f"exact neighbours found ({k})"] = float(_shared(true, rows[queries]).mean())
        pictures: list[Picture] = []
        listings: list[Listing] = []
        if out is not None:
            frame = pd.DataFrame(
                {
                    "query": np.repeat(row_names(data), k),
                    "rank": np.tile(np.arange(1, k + 1), len(rows)),
                    "neighbour": self.names_[rows].ravel(),
                    "distance": distances.ravel(),
                }
            )
            write_sheet(frame, out / "neighbours.csv")
            self.write_index(out / "index.npz")
            pictures, listings = show_neighbours(data, distances, rows, self.names_, labels)
        better = {name: name == "bytes per row" for name in measured if name != "rows"}
        return Finding.of_headings(
            measured,
            better,
            pictures=pictures,
            listings=listings,
            notes=self._notes(len(queries), k, labels is not None),
            rows={heading: [figure] for heading, figure in by_row.items()},
            decisive=self.decisive,
        )

    def _figures(
        self, data: Data, codes: np.ndarray, rows: np.ndarray, labels: Any, queries: np.ndarray
    ) -> dict[str, RowSums]:
        """Measure how far the neighbours of each query agree with those in `x`, and with known labels."""
        k = rows.shape[1]
        # The training rows are first in the index, so both have the same numbers.
        among = drawn_rows(len(data.train), _ROWS_IN_X, self.seed)
        near_in_x = min(k, len(among))
        searched = NearestNeighbors(n_neighbors=near_in_x).fit(self._points.of(data, data.train.rows(among)))
        in_x = searched.kneighbors(self._points.of(data, data.test.rows(queries)), return_distance=False)
        rankings = Rankings(k)
        shared = []
        for start in range(0, len(queries), _QUERIES):
            numbers = queries[start : start + _QUERIES]
            far = self.index_.distances(codes[numbers])
            near = np.argsort(far[:, among], axis=1, kind="stable")[:, :near_in_x]
            shared.append(_shared(in_x[start : start + len(near)], near))
            for number, distances in zip(numbers, far, strict=True) if labels is not None else ():
                if not has_label(labels[1][number : number + 1])[0]:
                    continue
                relevant = labels[0] == labels[1][number]
                rankings.add(None if self.approximate else distances, rows[number], relevant)
        share = np.concatenate(shared)
        figures = {f"neighbours in x found ({near_in_x})": RowSums(share, np.ones(len(share)))}
        return figures if labels is None else figures | rankings.by_query()

    def _notes(self, queries: int, k: int, labelled: bool) -> list[str]:
        notes = [
            f"Indexed are the training and the validation rows; figures are over {queries:,} queries, drawn "
            "where there are more. Neighbours in x found: of the nearest in x among at most "
            f"{_ROWS_IN_X:,} training rows, drawn, the share that are the nearest in the code too; texts are "
            "compared by the cosine of TF-IDF."
        ]
        if labelled:
            notes.append(
                f"A row belongs to a query of the same label. Precision@{k}: share of the {k} nearest that "
                f"belong to the query; recall@{k}: share found of all that do. Mean average precision: over "
                "the ranking of all rows, the mean over all orders of rows at the same distance. Labels are "
                "for these figures alone."
                + (" An approximate index has no full ranking." if self.approximate else "")
            )
        if not self.index_.exact:
            notes.append(
                f"Exact neighbours found: share of the {k} nearest by the codes themselves that the index "
                "gives."
            )
        return notes


def _labels(data: Data) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the labels of indexed rows and queries as texts, if the training labels are classes."""
    parts = [data.split(split).labels for split in LEARNT if len(data.split(split))]
    queries = data.test.labels
    if queries is None or class_labels(data, "train") is None or any(part is None for part in parts):
        return None
    return np.concatenate([np.asarray(part).astype(str) for part in parts]), queries.astype(str)


def _shared(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the share of the numbers in each row of `first` that are also in that of `second`, `(rows,)`."""
    return np.array([np.isin(a, b).mean() for a, b in zip(first, second, strict=False)])
