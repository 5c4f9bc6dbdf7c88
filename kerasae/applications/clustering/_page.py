"""Clusters on a page: decoded centres and the rows nearest to them."""

from pathlib import Path
from typing import Any

import numpy as np

from kerasae.applications._base import row_names
from kerasae.applications._examples import cells, headings
from kerasae.applications._pictures import grid, pixels, raw_range, save_png
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.report.page import Listing, Picture
from kerasae.report.sheet import write_sheet


def write_centres(raw: Any, sizes: np.ndarray, data: Data, out: Path) -> None:
    """Write the decoded centres, or typical rows of each cluster, in the format for the kind of data."""
    if kind_of(data.spec).is_picture:
        for number, image in enumerate(pixels(raw, *raw_range(data))):
            save_png(out / "centres" / f"{number}.png", image)
    elif data.spec.vocabulary:
        lines = [f"{number}\t{text}" for number, text in enumerate(raw)]
        (out / "centres.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
    else:
        frame = raw.copy()
        frame.insert(0, "training_rows", sizes)
        frame.insert(0, "cluster", range(len(frame)))
        write_sheet(frame, out / "centres.csv")


def show_clusters(
    data: Data, centres: Any, sizes: np.ndarray, next_to: dict[int, np.ndarray]
) -> tuple[list[Picture], list[Listing]]:
    """Show each cluster by its centre and the rows nearest to it, in a picture or a listing."""
    middle_words = "The mean or the most frequent value of the rows of each cluster"
    if not kind_of(data.spec).is_measured:
        middle_words = "What the centre of each cluster decodes to"
    caption = f"{middle_words}, with the number of training rows, and the rows nearest to its centre."
    numbers = np.concatenate([*next_to.values(), np.zeros(0, int)]).astype(int)
    rows = data.examples_at(numbers)
    ends = np.cumsum([len(place) for place in next_to.values()])
    if kind_of(data.spec).is_picture:
        lines = []
        for number, (begin, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
            name = f"{number}: {sizes[number]:,} rows"
            lines.append((name, np.concatenate([centres[number : number + 1], rows[begin:end]])))
        return [
            Picture("Clusters", f"{caption} At the left is the centre.", grid(lines, *raw_range(data)))
        ], []
    names, written, middle = row_names(data), cells(rows, data), cells(centres, data)
    table: list[list[str]] = []
    for number, (begin, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        table.append([f"{number}: {sizes[number]:,} rows", *middle[number]])
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
