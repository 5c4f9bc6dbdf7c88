"""Sentences, tables and pictures of filled examples."""

from collections.abc import Sequence

import numpy as np

from kerasae.applications._filling.cells import Cells
from kerasae.applications.imputation._errors import HiddenErrors
from kerasae.kinds import kind_of
from kerasae.report import as_text, figures
from kerasae.report.page import Listing, Picture
from kerasae.report.paired import Paired
from kerasae.report.windows import windows

#: Smallest number of hidden cells for a sentence.
_LEAST = 30
#: Effective number of draws of a row below which its multiple imputations are too similar.
_FEWEST = 10
#: Number of windows of a log on the page.
_WINDOWS = 3


def sentences(errors: HiddenErrors, lack: str = "") -> list[tuple[bool, str]]:
    """Return sentences on the errors, each with whether it is good news.

    Args:
        errors: Errors on hidden cells. Without enough of them nothing is said of them.
        lack: Reason why there are no intervals, if there are none. Defaults to none.
    """
    lines: list[tuple[bool, str]] = []
    if errors.count >= _LEAST:
        lines = [*_numbers(errors), *_categories(errors), *_draws(errors.effective())]
    return [*lines, *([(False, lack)] if lack else [])]


def _numbers(errors: HiddenErrors) -> list[tuple[bool, str]]:
    lines = []
    if paired := _beside_typical(errors, True):
        words = paired.words("the mean's")
        lines.append((paired.better, f"Squared error on hidden numbers: {words}."))
    *_, held, _ = errors.means(errors.cells.number)
    if held is not None:
        good = abs(held - errors.level) <= 0.05
        lines.append((good, f"The {errors.level:.0%} intervals held {held:.1%} of the hidden numbers."))
    return lines


def _categories(errors: HiddenErrors) -> list[tuple[bool, str]]:
    if paired := _beside_typical(errors, False):
        words = paired.words("the mode's", "{:.1%}".format)
        return [(paired.better, f"Hidden categories wrong: {words}.")]
    return []


def _draws(effective: np.ndarray) -> list[tuple[bool, str]]:
    if not len(effective) or (poor := float((effective < _FEWEST).mean())) <= 0.05:
        return []
    words = (
        f"The draws of {poor:.0%} of the rows are worth fewer than {_FEWEST}: several fillings of "
        "those rows are too much alike; take more `samples`."
    )
    return [(False, words)]


def _beside_typical(errors: HiddenErrors, number: bool) -> Paired | None:
    """Compare an error with that of typical values; `None` if no cell of the kind was hidden."""
    ours, typical = errors.of_rows(number)
    return Paired.of([ours], [typical], lower=True)


def by_column(errors: HiddenErrors) -> Listing:
    """Return a table of the errors by column."""
    headings = [
        "column",
        "hidden cells",
        "error, or share wrong",
        "of the mean or mode",
        "held",
        "mean width",
    ]
    rows = []
    for cell, column in enumerate(errors.cells.spec.features):
        count, (loss, typical, held, width) = errors.of_column(cell)
        of_number = (held, width) if errors.cells.number[cell] else (None, None)
        rows.append([column.name, f"{count:,}", *(as_text(one, 3) for one in (loss, typical, *of_number))])
    return Listing("By column", "Cells of these rows that were hidden.", headings, rows)


def notes(errors: HiddenErrors, share: float, samples: int) -> list[str]:
    """Return notes on how the metrics are computed.

    Args:
        errors: Errors on hidden cells.
        share: Share of the cells that were hidden, in (0, 1).
        samples: Number of codes drawn for each example.
    """
    draws = [
        f"Effective draws (Kong 1992): how many unweighted draws of the posterior the {samples} draws "
        "of a row are worth, the median over rows. Draws of a missing cell are as far apart as they "
        "should be where this is large."
    ]
    return [
        *(draws if len(errors.effective()) else []),
        f"A share of {share:g} of the cells of these rows that are there was hidden at random "
        "and filled from the others. Error: mean squared error over the hidden numbers, in squared units "
        "of x; that of the mean, with the mean of the training and validation rows in its place.",
        f"Interval: widened on cells hidden from calibration rows, in a share of {share:g} too, "
        "until it held the stated share there. It holds for gaps as random as these and as many.",
    ]


def picture(cells: Cells, shown: Sequence[np.ndarray]) -> Picture:
    """Return a picture of some examples.

    Args:
        cells: Cells of the examples.
        shown: Original rows, filled rows, and whether a cell is a gap, each `(rows, cells)`.
    """
    original, filled, missing = shown
    if cells.spec.channels:
        # A window is seen with its gaps, and only what fills them beside it.
        parts = [cells.raw(part[:_WINDOWS]) for part in (original, filled)]
        hidden = cells.shaped(missing[:_WINDOWS])
        columns = [
            (f"window {number + 1}", {"reading": before, "filled": np.where(gap, after, np.nan)})
            for number, (before, after, gap) in enumerate(zip(*parts, hidden, strict=True))
        ]
        caption = (
            "The first windows: each channel over the steps, in raw units, and what the model gives for the "
            "readings that are missing or were not shown to it."
        )
        return Picture("Filled", caption, windows(columns, kind_of(cells.spec).channel_names))
    with_gaps = np.where(missing, np.nan, original)
    shaped = [cells.shaped(part) for part in (original, with_gaps, filled)]
    drawn = figures.reconstructions(shaped[0], {"with gaps": shaped[1], "filled": shaped[2]})
    return Picture("Filled", "What is white in the second row was not shown to the model.", drawn)
