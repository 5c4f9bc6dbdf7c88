"""Generated examples on a page: files, pictures and listings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kerasae.applications._pictures import MODES, grid, raw_range
from kerasae.applications.generation._files import listing, write_made
from kerasae.data import Data, drawn_rows
from kerasae.kinds import kind_of
from kerasae.report import figures
from kerasae.report.canvas import Canvas
from kerasae.report.page import Listing, Picture
from kerasae.report.windows import windows

#: Largest number of lines of a picture.
_LINES = 16
#: Number of samples on the page, and number of lines of a listing.
_SAMPLES, _LISTED = 10, 3


class Showcase:
    """Writer of generated examples that collects their pictures and listings for the page.

    Args:
        data: Data with the spec of the examples.
        out: Folder for the files.
    """

    def __init__(self, data: Data, out: Path) -> None:
        self.pictures: list[Picture] = []
        self.listings: list[Listing] = []
        self._spec, self._out = data.spec, out
        self._range = raw_range(data) if kind_of(data.spec).is_picture else (0.0, 1.0)

    def show_samples(self, raw: Any, drawn_from: str) -> None:
        """Show new examples, drawn from a distribution with this name."""
        caption = f"New examples, drawn from the {drawn_from}."
        self._show("samples", "Samples", caption, raw, {}, _SAMPLES)

    def show_paths(self, raw: Any, pairs: int, steps: int, path: str) -> None:
        """Show interpolations between pairs of examples.

        Args:
            raw: Raw examples of all paths in order, `(pairs * steps, ...)`.
            pairs: Number of pairs.
            steps: Number of examples of a path.
            path: Shape of the paths.
        """
        keys = {"pair": np.repeat(np.arange(pairs), steps), "step": np.tile(np.arange(steps), pairs)}
        caption = (
            f"From one example to the next, a {path} path between their codes; the ends are reconstructions."
        )
        self._show("interpolation", "Interpolation", caption, raw, keys, steps)

    def show_traversals(
        self, raw: Any, keys: Mapping[str, np.ndarray], steps: int, *, in_a_map: bool = False
    ) -> None:
        """Show traversals of the numbers of a code.

        Args:
            raw: Raw examples, `(channels * steps, ...)`.
            keys: Number that moves, and its value.
            steps: Number of examples of a traversal.
            in_a_map: Whether the code is a map, whose numbers move at all places at once. Defaults to False.
        """
        caption = (
            f"The first example with one number of its code moved{' at all places of the map' * in_a_map} "
            "from the 1st to the 99th percentile of the training codes"
            f"{' (the mean over the places)' * in_a_map}; those that change the example most come first."
        )
        self._show("traversals", "Traversals", caption, raw, keys, steps)

    def show_attribute(self, raw: Any, rows: int, strengths: np.ndarray, label: str | int) -> None:
        """Show rows with an attribute added in growing strength.

        Args:
            raw: Raw examples, row by row, `(rows * strengths, ...)`.
            rows: Number of rows.
            strengths: Strengths, `(strengths,)`.
            label: Label that the attribute belongs to.
        """
        keys = {"row": np.repeat(np.arange(rows), len(strengths)), "strength": np.tile(strengths, rows)}
        caption = (
            f"Rows without the label {label} and what makes rows with it differ added to their codes, 0 to "
            "1.5 times."
        )
        self._show("attribute", f"Attribute {label}", caption, raw, keys, len(strengths))

    def show_map(self, heldout: np.ndarray, samples: np.ndarray, most: int = 500) -> None:
        """Show samples among held-out rows, both as points, on two principal components."""
        both = [np.asarray(part[drawn_rows(len(part), most, 0)], "float64") for part in (heldout, samples)]
        labels = np.repeat(["held-out", "sample"], [len(part) for part in both])
        drawn = figures.code_maps({"examples": np.concatenate(both)}, labels)
        caption = "By their values, not by their codes."
        self.pictures.append(Picture("Samples among held-out rows", caption, drawn))

    def _show(
        self, stem: str, title: str, caption: str, raw: Any, keys: Mapping[str, np.ndarray], width: int
    ) -> None:
        """Write examples under a name, and add a picture with so many in a line, or a listing."""
        write_made(self._out, stem, raw, keys, self._spec)
        kind = kind_of(self._spec)
        if not kind.is_array:
            self.listings.append(listing(title, caption, raw, keys, _LISTED * width if keys else width))
        if kind.is_picture and self._spec.shape[-1] in (*MODES, 2):
            first = next(iter(keys), "")
            count = min(len(raw), _LINES * width) if first else len(raw)
            lines = [
                (f"{first} {keys[first][start]}" if first else "", raw[start : start + width])
                for start in range(0, count, width)
            ]
            drawn = grid(lines, *self._range)
            drawn.savefig(self._out / f"{stem}.png", facecolor="white")
            self.pictures.append(Picture(title, caption, drawn))
        if self._spec.channels:
            caption += " Each channel over the steps of a window, in raw units."
            self.pictures.append(Picture(title, caption, self._windows(raw, keys, width)))

    def _windows(self, raw: Any, keys: Mapping[str, np.ndarray], width: int) -> Canvas:
        """Draw windows: each in a column, or the first, the last and those between them of each line."""
        names = kind_of(self._spec).channel_names
        if not keys:
            columns = [(f"sample {number + 1}", {"sample": window}) for number, window in enumerate(raw)]
            return windows(columns, names)
        first = next(iter(keys))
        lines = [
            (
                f"{first} {keys[first][start]}",
                {
                    "first": raw[start],
                    "between": raw[start + 1 : start + width - 1],
                    "last": raw[start + width - 1],
                },
            )
            for start in range(0, len(raw), width)
        ]
        return windows(lines, names)
