"""Queries and their neighbours on a page."""

from typing import Any

import numpy as np

from kerasae.applications._base import row_names
from kerasae.applications._examples import LEARNT, cells, headings
from kerasae.applications._pictures import grid, raw_range
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.report import as_text
from kerasae.report.page import Listing, Picture


def show_neighbours(
    data: Data, distances: np.ndarray, rows: np.ndarray, indexed: np.ndarray, labels: Any
) -> tuple[list[Picture], list[Listing]]:
    """Show the first queries with their nearest rows, in a picture or a listing.

    Args:
        data: Data whose test split holds the queries.
        distances: Distances of the neighbours, `(queries, k)`.
        rows: Row numbers of the neighbours, `(queries, k)`.
        indexed: Names of the rows.
        labels: Labels of the rows and of the queries, or `None`.
    """
    image = kind_of(data.spec).is_picture
    queries, k = min(8 if image else 4, len(rows)), min(8 if image else 3, rows.shape[1])
    shown_queries = data.examples_at(np.arange(queries))
    neighbours = data.examples_at(rows[:queries, :k].ravel(), LEARNT)
    names = row_names(data, queries)
    known = labels is not None
    if image:
        lines = []
        for number, name in enumerate(names):
            images = neighbours[number * k : (number + 1) * k]
            words = f"{name[-24:]} ({labels[1][number]})" if known else name[-24:]
            lines.append((words, np.concatenate([shown_queries[number : number + 1], images])))
        caption = "At the left a query, behind it the rows nearest to it, the nearest first" + (
            "; in brackets the label of the query." if known else "."
        )
        return [Picture("Queries and their neighbours", caption, grid(lines, *raw_range(data)))], []
    table: list[list[str]] = []
    written, answers = cells(shown_queries, data), cells(neighbours, data)
    for number, name in enumerate(names):
        label = [labels[1][number]] if known else []
        table.append([name, "", *label, *written[number]])
        for place in range(k):
            row = rows[number, place]
            label = [labels[0][row]] if known else []
            table.append(
                [
                    f"  {indexed[row]}",
                    as_text(distances[number, place]),
                    *label,
                    *answers[number * k + place],
                ]
            )
    head = ["row", "distance", *(["label"] if known else []), *headings(data)]
    caption = "Each query, and below it the rows nearest to it, the nearest first."
    return [], [Listing("Queries and their neighbours", caption, head, table)]
