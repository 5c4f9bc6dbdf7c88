"""Clusters on a page: their centres, the rows nearest to them, and the columns in which they differ."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import pairwise_distances_argmin

from kerasae.applications._base import row_names
from kerasae.applications._examples import LEARNT, cells, headings
from kerasae.applications._pictures import grid, raw_range
from kerasae.applications.clustering._differences import Difference
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.report.page import Listing, Picture
from kerasae.report.paired import counted
from kerasae.report.windows import MOST_COLUMNS, windows


def show_clusters(
    data: Data, centres: Any, sizes: np.ndarray, next_to: dict[int, np.ndarray], *, decoded: bool = True
) -> tuple[list[Picture], list[Listing]]:
    """Show each cluster by its centre and the rows nearest to it, in a picture or a listing.

    Args:
        data: Data whose test split holds the rows.
        centres: What stands for the centre of each cluster, as raw examples.
        sizes: Number of training rows in each cluster, `(clusters,)`.
        next_to: Numbers of the rows nearest to each centre, by cluster.
        decoded: Whether centres of codes were decoded. Otherwise the training row nearest to each centre
            stands for it. Defaults to True.
    """
    middle_words = "The mean or the most frequent value of the rows of each cluster"
    if not kind_of(data.spec).is_measured:
        middle_words = "What the centre of each cluster decodes to"
        if not decoded:
            middle_words = "The training row nearest to the centre of each cluster"
    caption = f"{middle_words}, with the number of training rows, and the rows nearest to its centre."
    at_left = "At the left is the centre." if decoded else "It is at the left."
    numbers = np.concatenate([*next_to.values(), np.zeros(0, int)]).astype(int)
    rows = data.examples_at(numbers)
    ends = np.cumsum([len(place) for place in next_to.values()])
    if kind_of(data.spec).is_picture:
        lines = []
        for number, (begin, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
            name = _title(number, sizes[number])
            lines.append((name, np.concatenate([centres[number : number + 1], rows[begin:end]])))
        return [Picture("Clusters", f"{caption} {at_left}", grid(lines, *raw_range(data)))], []
    if data.spec.channels:
        typical = np.asarray(centres, "float64").reshape(-1, *data.spec.shape)
        largest = np.sort(np.argsort(-sizes, kind="stable")[:MOST_COLUMNS])
        columns = [
            (
                _title(number, sizes[number]),
                {
                    "centre": typical[number],
                    "nearest rows": rows[ends[number] - len(next_to[number]) : ends[number]],
                },
            )
            for number in largest
        ]
        caption += " Each channel over the steps, in raw units."
        if len(sizes) > len(columns):
            caption += f" Drawn are the {len(columns)} largest clusters."
        return [Picture("Clusters", caption, windows(columns, kind_of(data.spec).channel_names))], []
    names, written, middle = row_names(data), cells(rows, data), cells(centres, data)
    table: list[list[str]] = []
    for number, (begin, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        table.append([_title(number, sizes[number]), *middle[number]])
        table += [["  " + names[numbers[place]], *written[place]] for place in range(begin, end)]
    return [], [Listing("Clusters", caption, ["cluster", *headings(data)], table)]


def nearest_rows(
    codes: np.ndarray, clusters: np.ndarray, centres: np.ndarray, most: int
) -> dict[int, np.ndarray]:
    """Return the rows nearest to the centre of each cluster, by cluster."""
    rows = {}
    for number, centre in enumerate(centres):
        members = np.flatnonzero(clusters == number)
        order = np.argsort(np.square(codes[members] - centre).sum(axis=1), kind="stable")
        rows[number] = members[order[:most]]
    return rows


def examples_nearest_to(centres: np.ndarray, codes: np.ndarray, data: Data) -> Any:
    """Return the raw training or validation example whose code is nearest to each centre, `(clusters, ...)`.

    Args:
        centres: Centres of the clusters, `(clusters, latent_dim)`.
        codes: Codes of the training rows and the validation rows, `(rows, latent_dim)`.
        data: Data with these rows.
    """
    return data.examples_at(pairwise_distances_argmin(centres, codes), LEARNT)


def show_differences(parts: Sequence[Sequence[Difference]], sizes: np.ndarray) -> Listing:
    """Return a listing of the columns in which the rows of each cluster differ from all other rows.

    Args:
        parts: Differences by cluster.
        sizes: Number of training rows in each cluster, `(clusters,)`.
    """
    table: list[list[str]] = []
    for number, (size, part) in enumerate(zip(sizes, parts, strict=True)):
        head = _title(number, size)
        if not part:
            table.append([head, "no column differs", "", "", ""])
        for place, difference in enumerate(part):
            row = [difference.column, difference.inside, difference.outside, f"{difference.effect:+.2f}"]
            table.append([head if place == 0 else f" {number}", *row])
    caption = (
        "The columns in which the rows of a cluster differ most from all other rows, the greatest effect "
        "first: of numbers and dates the difference of the means over the deviation inside the two (Cohen's "
        "d), otherwise the value whose share differs most (Cohen's h). From 0.2 on an effect is called "
        "small, from 0.5 medium, from 0.8 large."
    )
    headings = ["cluster", "column", "in the cluster", "in the rest", "effect"]
    return Listing("What is in the clusters", caption, headings, table)


def _title(number: int, size: int) -> str:
    return f"cluster {number}: {counted(size, 'row')}"
