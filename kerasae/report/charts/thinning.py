"""thinned: the stamps of a line that are drawn, so that no extreme is lost."""

from collections.abc import Sequence

import numpy as np


def thinned(
    lines: Sequence[np.ndarray], parts: Sequence[slice], columns: int, always: np.ndarray | None = None
) -> np.ndarray:
    """Return the numbers of the stamps that are kept, in order.

    The stamps are divided into columns of equal numbers of stamps. Least and greatest value of each line in
    each column are kept, and the ends of each part.

    Args:
        lines: Values at each stamp, `(stamps,)` each. NaN is missing.
        parts: Parts that are drawn apart, each a slice of the stamps.
        columns: Number of columns of all parts together. A part has at least one.
        always: Numbers of further stamps to keep. Defaults to none.
    """
    total = sum(part.stop - part.start for part in parts)
    # A column of fewer stamps than are kept of it would be kept whole.
    size = -(-total // max(columns, 1))
    if size <= 2 * len(lines):
        return np.concatenate([np.arange(part.start, part.stop) for part in parts])
    kept = [] if always is None else [np.asarray(always, int)]
    if len(parts) > columns:
        # Their ends alone would be more than what is drawn.
        parts = [slice(parts[0].start, parts[-1].stop)]
    for part in parts:
        kept.append(np.array([part.start, part.stop - 1]))
        for line in lines:
            kept.extend(_extremes(line[part], size, part.start))
    return np.unique(np.concatenate(kept))


def _extremes(values: np.ndarray, size: int, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the least and of the greatest value of each column."""
    count = -(-len(values) // size)
    padded = np.full(count * size, np.nan)
    padded[: len(values)] = values
    rows = padded.reshape(count, size)
    starts = first + size * np.arange(count)
    missing = np.isnan(rows)
    return (
        starts + np.where(missing, np.inf, rows).argmin(axis=1),
        starts + np.where(missing, -np.inf, rows).argmax(axis=1),
    )
