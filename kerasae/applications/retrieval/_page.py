"""Queries and their neighbours: the file, the page and the notes."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kerasae.applications._base import row_names
from kerasae.applications._examples import LEARNT, cells, headings
from kerasae.applications._pictures import grid, raw_range
from kerasae.applications.retrieval._in_x import SAMPLE
from kerasae.applications.retrieval._indexes import Index
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.report import as_text
from kerasae.report.page import Listing, Picture
from kerasae.report.sheet import write_sheet
from kerasae.report.windows import MOST_COLUMNS, windows

_TITLE = "Queries and their neighbours"


def write_neighbours(path: Path, data: Data, distances: np.ndarray, rows: np.ndarray, indexed: Any) -> None:
    """Write the neighbours of each query with their ranks and distances.

    Args:
        path: Path of the file.
        data: Data whose test split holds the queries.
        distances: Distances of the neighbours, `(queries, k)`.
        rows: Row numbers of the neighbours, `(queries, k)`.
        indexed: Names of the rows of the index.
    """
    queries, k = rows.shape
    frame = pd.DataFrame(
        {
            "query": np.repeat(row_names(data), k),
            "rank": np.tile(np.arange(1, k + 1), queries),
            "neighbour": indexed[rows].ravel(),
            "distance": distances.ravel(),
        }
    )
    write_sheet(frame, path)


def show_neighbours(
    data: Data,
    distances: np.ndarray,
    rows: np.ndarray,
    indexed: np.ndarray,
    labels: tuple[np.ndarray, np.ndarray] | None,
) -> tuple[list[Picture], list[Listing]]:
    """Show the first queries with their nearest rows, in a picture or a listing.

    Without training rows, the listing names the neighbours and shows none of them.

    Args:
        data: Data whose test split holds the queries.
        distances: Distances of the neighbours, `(queries, k)`.
        rows: Row numbers of the neighbours, `(queries, k)`.
        indexed: Names of the rows of the index.
        labels: Labels of the rows and of the queries, or `None`.
    """
    if kind_of(data.spec).is_picture and len(data.train):
        return [_picture(data, rows, labels)], []
    pictures = [_windows(data, rows)] if data.spec.channels and len(data.train) else []
    return pictures, [_listing(data, distances, rows, indexed, labels)]


def _picture(data: Data, rows: np.ndarray, labels: tuple[np.ndarray, np.ndarray] | None) -> Picture:
    queries, k = min(8, len(rows)), min(8, rows.shape[1])
    shown_queries = data.examples_at(np.arange(queries))
    neighbours = data.examples_at(rows[:queries, :k].ravel(), LEARNT)
    lines = []
    for number, name in enumerate(row_names(data, queries)):
        images = neighbours[number * k : (number + 1) * k]
        words = name[-24:] if labels is None else f"{name[-24:]} ({labels[1][number]})"
        lines.append((words, np.concatenate([shown_queries[number : number + 1], images])))
    caption = "At the left a query, behind it the rows nearest to it, the nearest first" + (
        "." if labels is None else "; in brackets the label of the query."
    )
    return Picture(_TITLE, caption, grid(lines, *raw_range(data)))


def _windows(data: Data, rows: np.ndarray) -> Picture:
    # Windows that follow each other are alike.
    queries = np.unique(np.linspace(0, len(rows) - 1, MOST_COLUMNS).astype(int))
    shown = data.examples_at(queries)
    names = row_names(data)
    k = min(3, rows.shape[1])
    neighbours = data.examples_at(rows[queries, :k].ravel(), LEARNT).reshape(
        len(queries), k, *data.spec.shape
    )
    columns = [
        (names[number][-24:], {"query": shown[place], "nearest rows": neighbours[place]})
        for place, number in enumerate(queries)
    ]
    caption = (
        f"Queries of the whole time, each with the {k} rows nearest to it: each channel over the steps of "
        "the window, in raw units."
    )
    return Picture("Queries over their steps", caption, windows(columns, kind_of(data.spec).channel_names))


def _listing(
    data: Data,
    distances: np.ndarray,
    rows: np.ndarray,
    indexed: np.ndarray,
    labels: tuple[np.ndarray, np.ndarray] | None,
) -> Listing:
    queries, k = min(4, len(rows)), min(3, rows.shape[1])
    names, read = row_names(data, queries), len(data.train) > 0
    # A picture does not fit into a listing, and neither does a window.
    columns = [] if kind_of(data.spec).is_picture or data.spec.channels else headings(data)
    written = cells(data.examples_at(np.arange(queries)), data) if columns else [[]] * queries
    answers = [[""] * len(columns)] * (queries * k)
    if read and columns:
        answers = cells(data.examples_at(rows[:queries, :k].ravel(), LEARNT), data)
    table: list[list[str]] = []
    for number, name in enumerate(names):
        label = [] if labels is None else [labels[1][number]]
        table.append([name, "", *label, *written[number]])
        for place in range(k):
            row = rows[number, place]
            label = [] if labels is None else [labels[0][row]]
            line = [f"  {indexed[row]}", as_text(distances[number, place]), *label]
            table.append([*line, *answers[number * k + place]])
    head = ["row", "distance", *([] if labels is None else ["label"]), *columns]
    caption = "Each query, and below it the rows nearest to it, the nearest first."
    if not read:
        caption += " The training rows were not read, so the neighbours are only named."
    return Listing(_TITLE, caption, head, table)


def notes(queries: int, k: int, in_x: bool, labelled: bool, index: Index) -> list[str]:
    """Return notes on how the metrics are computed.

    Args:
        queries: Number of queries for the metrics.
        k: Number of neighbours per query.
        in_x: Whether neighbours in `x` are known.
        labelled: Whether rows and queries have labels.
        index: Index of the rows.
    """
    indexed = (
        f"Indexed are the training and the validation rows; figures are over {queries:,} queries, drawn "
        "where there are more."
    )
    sentences = [f"{indexed} Neighbours in x are left out: they need the training rows, which were not read."]
    if in_x:
        sentences = [
            f"{indexed} Neighbours in x found: of the nearest in x among at most {SAMPLE:,} training rows, "
            "drawn, the share that are the nearest in the code too; texts are compared by the cosine of "
            "TF-IDF."
        ]
    if labelled:
        sentences.append(
            f"A row belongs to a query of the same label. Precision@{k}: share of the {k} nearest that "
            f"belong to the query; recall@{k}: share found of all that do. Mean average precision: over "
            "the ranking of all rows, the mean over all orders of rows at the same distance. Labels are "
            "for these figures alone."
            + ("" if index.full_ranking else " An approximate index has no full ranking.")
        )
    if not index.exact:
        sentences.append(
            f"Exact neighbours found: share of the {k} nearest by the codes themselves that the index gives."
        )
    return sentences
