"""Cells that are hidden on purpose, and the errors of their filled values."""

from pathlib import Path

import numpy as np
from PIL import Image

from kerasae.applications._filling.cells import Cells
from kerasae.applications._filling.filling import Filled
from kerasae.data.arrays import read_array_file
from kerasae.kinds import kind_of
from kerasae.metrics import RowSums
from kerasae.report import as_text
from kerasae.report.paired import Paired
from kerasae.spec import Spec

#: Smallest number of hidden cells for a sentence.
_LEAST = 30
#: Effective number of draws of a row below which its multiple imputations are too similar.
_FEWEST = 10


def hide(x: np.ndarray, share: float, rng: np.random.Generator, spec: Spec) -> np.ndarray:
    """Return which cells, `(rows, cells)`, are hidden: each present one with this probability.

    A pixel is hidden in all of its channels.
    """
    present = ~np.isnan(x)
    channels = spec.shape[-1] if kind_of(spec).is_picture else 1
    drawn = rng.random((len(x), x.shape[1] // channels)) < share
    return np.repeat(drawn, channels, axis=1) & present


def read_mask(path: Path) -> np.ndarray:
    """Read a mask from a `.npy` file, or from an image: true where it is not black.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is neither of the two.
    """
    if not path.is_file():
        raise FileNotFoundError(f"Expected a mask, found no file at {path}.")
    if path.suffix.lower() == ".npy":
        mask = read_array_file(path)["x"]
        if mask.dtype.kind not in "biuf":
            raise ValueError(f"`mask` must hold numbers or booleans, received type {mask.dtype} in {path}.")
        return mask.astype(bool)
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("L")) > 0
    # Pillow raises several types of errors for a damaged file.
    except Exception:
        raise ValueError(f"`mask` must be a .npy file or an image, received {path}.") from None


def flat_mask(mask: np.ndarray, rows: int, spec: Spec) -> np.ndarray:
    """Return a mask of one example for all of them, or of each, as `(rows, cells)`.

    A mask of images may lack the channels.

    Raises:
        ValueError: If it has another shape.
    """
    mask, shape = np.asarray(mask, bool), spec.shape
    if kind_of(spec).is_picture and mask.shape in (shape[:-1], (rows, *shape[:-1])):
        mask = np.repeat(mask[..., None], shape[-1], axis=-1)
    if mask.shape not in (shape, (rows, *shape)):
        raise ValueError(
            f"`mask` must have the shape of one example, {shape}, or of {rows:,} of them, received "
            f"{mask.shape}."
        )
    return np.broadcast_to(mask, (rows, *shape)).reshape(rows, -1)


class HiddenFigures:
    """Errors on hidden cells, those of the mean and the mode, and the coverage of the intervals.

    Args:
        cells: Cells of the examples.
        share: Share of hidden cells, for the note.
        level: Stated coverage of the intervals.
    """

    def __init__(self, cells: Cells, share: float, level: float) -> None:
        self._cells, self._share, self._level = cells, share, level
        # Rows: cells, loss, loss of typical values, intervals, covered cells, widths of intervals.
        self._sums = np.zeros((6, len(cells.number)))
        self._effective: list[np.ndarray] = []
        # For numbers and for other cells, by row: loss, loss of typical values, and number of cells.
        self._by_row: dict[bool, list[np.ndarray]] = {True: [], False: []}

    def add(self, x: np.ndarray, hidden: np.ndarray, filled: Filled) -> None:
        """Add rows with hidden cells, and the values that filled them."""
        number = self._cells.number

        def loss(guess: np.ndarray) -> np.ndarray:
            # No cell is ever filled with an unknown value, code 0.
            return np.where(number, np.square(x - guess, dtype="float64"), np.round(guess) != x)

        some = ~np.isnan(filled.low)
        held = (filled.low <= x) & (x <= filled.high)
        width = np.where(some, filled.high - filled.low, 0)
        ours, typical, ones = loss(filled.x), loss(self._cells.typical), np.ones(x.shape)
        for kind, parts_of_kind in self._by_row.items():
            chosen = hidden & (number == kind)
            parts_of_kind.append(
                np.stack([np.where(chosen, part, 0).sum(axis=1) for part in (ours, typical, ones)])
            )
        parts = (ones, ours, typical, some, held, width)
        self._sums += [np.where(hidden, part, 0).sum(axis=0) for part in parts]
        if filled.effective is not None:
            self._effective.append(filled.effective[np.isfinite(filled.effective)])

    def _means(self, chosen: np.ndarray) -> list[float | None]:
        """Return the mean loss, that of typical values, the coverage of the intervals and their width."""
        count, loss, typical, intervals, held, width = self._sums[:, chosen].sum(axis=1)
        of_cells = [float(total / count) if count else None for total in (loss, typical)]
        return [*of_cells, *(float(total / intervals) if intervals else None for total in (held, width))]

    def figures(self) -> dict[str, float | int | str | None]:
        """Return the figures by heading."""
        number = self._cells.number
        shown: dict[str, float | int | str | None] = {"hidden cells": int(self._sums[0].sum())}
        if number.any():
            error, typical, held, width = self._means(number)
            shown |= {"error": error, "error of the mean": typical}
            shown |= {f"held by the {self._level:.0%} interval": held, "mean width": width}
        if not number.all():
            wrong, typical, _, _ = self._means(~number)
            shown |= {"categories wrong": wrong, "wrong of the mode": typical}
        effective = self._worth()
        if len(effective):
            shown["effective draws"] = float(np.median(effective))
        return shown

    def rows(self) -> dict[str, list[RowSums]]:
        """Return the contribution of each row to the deciding figures, by heading."""
        return {
            heading: [self._of_rows(kind)[0]]
            for heading, kind in (("error", True), ("categories wrong", False))
            if self._by_row[kind]
        }

    def _of_rows(self, number: bool) -> tuple[RowSums, RowSums]:
        """Return the contribution of each row to an error, and to that of typical values."""
        ours, typical, cells = np.concatenate(self._by_row[number], axis=1)
        return RowSums(ours, cells), RowSums(typical, cells)

    def _worth(self) -> np.ndarray:
        """Return the effective number of draws of each row that had gaps and a posterior."""
        return np.concatenate([*self._effective, np.zeros(0)])

    @staticmethod
    def better() -> dict[str, bool]:
        """Return whether lower is better, by heading."""
        return {"error": True, "categories wrong": True}

    def sentences(self) -> list[tuple[bool, str]]:
        """Return sentences on the errors, if there are enough hidden cells."""
        lines: list[tuple[bool, str]] = []
        if self._sums[0].sum() < _LEAST:
            return lines
        *_, held, _ = self._means(self._cells.number)
        if paired := self._beside_typical(True):
            words = paired.words("the mean's")
            lines.append((paired.better, f"Squared error on hidden numbers: {words}."))
        if held is not None:
            good = abs(held - self._level) <= 0.05
            lines.append((good, f"The {self._level:.0%} intervals held {held:.1%} of the hidden numbers."))
        if paired := self._beside_typical(False):
            words = paired.words("the mode's", "{:.1%}".format)
            lines.append((paired.better, f"Hidden categories wrong: {words}."))
        effective = self._worth()
        if len(effective) and (poor := float((effective < _FEWEST).mean())) > 0.05:
            words = (
                f"The draws of {poor:.0%} of the rows are worth fewer than {_FEWEST}: several fillings of "
                "those rows are too much alike; take more `samples`."
            )
            lines.append((False, words))
        return lines

    def _beside_typical(self, number: bool) -> Paired | None:
        """Compare an error with that of typical values; `None` if no cell of the kind was hidden."""
        ours, typical = self._of_rows(number)
        return Paired.of([ours], [typical], lower=True)

    def by_column(self) -> tuple[list[str], list[list[str]]]:
        """Return headings and rows of a table of columns."""
        headings = [
            "column",
            "hidden cells",
            "error, or share wrong",
            "of the mean or mode",
            "held",
            "mean width",
        ]
        rows = []
        for cell, column in enumerate(self._cells.spec.features):
            loss, typical, held, width = self._means(np.arange(len(self._cells.number)) == cell)
            of_number = (held, width) if self._cells.number[cell] else (None, None)
            shown = [as_text(one, 3) for one in (loss, typical, *of_number)]
            rows.append([column.name, f"{int(self._sums[0, cell]):,}", *shown])
        return headings, rows

    def notes(self, samples: int) -> list[str]:
        """Return notes on how the figures are computed.

        Args:
            samples: Number of codes drawn for each example.
        """
        worth = [
            f"Effective draws (Kong 1992): how many unweighted draws of the posterior the {samples} draws "
            "of a row are worth, the median over rows. Draws of a missing cell are as far apart as they "
            "should be where this is large."
        ]
        return [
            *(worth if len(self._worth()) else []),
            f"A share of {self._share:g} of the cells of these rows that are there was hidden at random "
            "and filled from the others. Error: mean squared error over the hidden numbers, in squared units "
            "of x; that of the mean, with the mean of the training and validation rows in its place.",
            f"Interval: widened on cells hidden from calibration rows, in a share of {self._share:g} too, "
            "until it held the stated share there. It holds for gaps as random as these and as many.",
        ]
