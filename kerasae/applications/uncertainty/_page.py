"""Sentences, tables and pictures of the uncertainty of examples."""

from pathlib import Path

import numpy as np
import pandas as pd

from kerasae.applications._filling.cells import Cells
from kerasae.applications.uncertainty._spread import Spread
from kerasae.report import as_text, figures
from kerasae.report.page import Listing, Picture


def sentences(level: float, coverage: float | None, lack: str) -> list[tuple[bool, str]]:
    """Return sentences on the intervals, each with whether it is good news.

    Args:
        level: Stated coverage of the intervals, in (0, 1).
        coverage: Coverage of the intervals of these rows; `None` without intervals.
        lack: Reason why there are no intervals; empty if there are some.
    """
    lines = []
    if coverage is not None:
        good = abs(coverage - level) <= 0.05
        lines.append((good, f"The {level:.0%} intervals held {coverage:.1%} of these rows' numbers."))
    return [*lines, *([(False, lack)] if lack else [])]


def notes(unit: str, samples: int) -> list[str]:
    """Return notes on how the metrics are computed.

    Args:
        unit: Unit of the score.
        samples: Number of codes drawn for each example.
    """
    return [
        f"Score: -log p(x|z) in {unit}, the mean over {samples} draws of "
        "z ~ q(z|x); its deviation: over those draws, the mean of the rows. Deviation of a cell: of its "
        "reconstructions over the draws, in units of x; of a category the share of draws that answer "
        "otherwise.",
        "Interval: quantiles of p(x|z) over the draws, widened or narrowed by one number a column on the "
        "calibration rows until they hold the stated share there.",
    ]


def least_certain(frame: pd.DataFrame) -> Listing:
    """Return a table of the rows whose score differs most between draws.

    Args:
        frame: A line for each row, as `by_row` returns it.
    """
    worst = frame.sort_values("score_std", ascending=False).head(10)
    rows = [
        [str(row.row), as_text(row.score_mean), as_text(row.score_std, 3), as_text(row.cell_std, 3)]
        for row in worst.itertuples()
    ]
    return Listing(
        "Least certain",
        "The rows whose score differs most between draws.",
        ["row", "score", "its deviation", "deviation of a cell"],
        rows,
    )


def picture(path: Path, cells: Cells, x: np.ndarray, spread: Spread) -> Picture:
    """Draw the most and the least certain images, and write the picture as a PNG file.

    Args:
        path: Path of the PNG file.
        cells: Cells of the examples.
        x: Rows, `(rows, cells)`.
        spread: Spread of the rows.
    """
    order = np.argsort(spread.score.std(axis=1))
    chosen = np.concatenate([order[:5], order[5:][-5:]])
    deviation = spread.deviation[chosen]
    bright = deviation * np.nanmax(x) / max(float(deviation.max()), 1e-12)
    shaped = [cells.shaped(values) for values in (x[chosen], spread.mean[chosen], bright)]
    drawn = figures.reconstructions(shaped[0], {"mean": shaped[1], "spread": shaped[2]})
    drawn.savefig(path, facecolor="white")
    caption = (
        f"Left the five most certain of the first {len(x):,} rows, right the five least certain. "
        f"Spread: the deviation of each pixel over the draws; white is {float(deviation.max()):.3g}, in "
        "units of x."
    )
    return Picture("Spread", caption, drawn)
