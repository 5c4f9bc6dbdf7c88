"""Sentences on the size of a file, and on the bits that other codecs need for its error."""

from collections.abc import Mapping

import numpy as np

from kerasae.applications.compression._curves import Curve, Point, rate_at, rate_rows_at
from kerasae.applications.compression._references import RawSize
from kerasae.metrics import RowFigure
from kerasae.report import as_text, with_error
from kerasae.report.paired import Paired

Sentence = tuple[bool, str]


def on_the_size(size: RawSize, rows: int, packed: int) -> list[Sentence]:
    """Say how many bytes became how many, and whether compression without loss does as well.

    Args:
        size: Size of the raw examples.
        rows: Number of rows.
        packed: Number of bytes of the file.
    """
    many = f"{rows:,} row{'s' * (rows != 1)}"
    saved = f"{size.raw:,} bytes of {many} became {packed:,}"
    said = [(True, f"{saved}, {size.raw / packed:.1f} times fewer; read from the file again.")]
    if size.packed <= packed:
        said.append((False, f"zstd takes {size.packed:,} bytes for them and loses nothing: use that."))
    return said


def on_the_others(curves: Mapping[str, Curve], here: Point) -> list[Sentence]:
    """Say how many bits the other codecs need for the error of the file.

    A difference is good news if it is more than two standard errors over the rows. A mosaic is one file, so
    a difference from its rate has no standard error.

    Args:
        curves: Curves by name; `"model"` is that of the model.
        here: Point of the file, on the same rows.
    """
    error = here.figures.get("error")
    if error is None or (rate := rate_at(curves["model"], error)) is None:
        return []
    ours = rate_rows_at(curves["model"], error, _without(here))
    return [_verdict(name, points, here, rate, ours) for name, points in curves.items() if name != "model"]


def _verdict(name: str, points: Curve, here: Point, rate: float, ours: RowFigure | None) -> Sentence:
    error = here.figures["error"]
    theirs = rate_at(points, error)
    if theirs is not None:
        return _beside(
            name, rate, ours, theirs, rate_rows_at(points, error, _without(here)), "for this error"
        )
    best = min(points, key=lambda one: one.figures["error"])
    if best.figures["error"] > error:
        words = f"{name} does not come to this error: its least is {as_text(best.figures['error'])}"
        paired = _paired(here.errors, best.errors)
        if paired is None or paired.better:
            return paired is not None, f"{words}."
        return False, f"{words}; {paired.sampled} no difference."
    least = min(points, key=lambda one: one.rate)
    words = f"at least, for an error of {as_text(least.figures['error'])}"
    return _beside(name, rate, ours, least.rate, least.rate_rows, words)


def _beside(
    name: str, rate: float, ours: RowFigure | None, theirs: float, their_rows: RowFigure | None, words: str
) -> Sentence:
    both = f"{name} takes {theirs:.1f} bits per row {words}, the model {rate:.1f}"
    paired = _paired(ours, their_rows)
    if paired is None:
        return False, f"{both}, without a standard error."
    if not paired.found.shown:
        return (
            False,
            f"{both}; {paired.sampled} no difference: {_doubt(paired)} is within two standard errors.",
        )
    return paired.better, f"{both}: a difference of {_doubt(paired)}."


def _without(here: Point) -> np.ndarray | None:
    """Return the error of the file if one row is left out, for each row; `None` if this is unknown."""
    parts = here.without_each_row()
    return None if parts is None else parts[1]


def _doubt(paired: Paired) -> str:
    return with_error(abs(paired.found.value), paired.found.error)


def _paired(ours: RowFigure | None, theirs: RowFigure | None) -> Paired | None:
    return None if ours is None or theirs is None else Paired.of([ours], [theirs], lower=True)
