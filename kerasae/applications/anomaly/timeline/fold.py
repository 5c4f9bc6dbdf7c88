"""folded: a score for each time stamp from the scores of all windows that hold it."""

from typing import Literal, get_args

import numpy as np

from kerasae.applications.anomaly.timeline.axis import TimeAxis
from kerasae.data import Examples

#: Ways to fold: the score of the window that ends at a stamp, or the mean or the least one over all windows
#: that hold it.
Fold = Literal["last", "mean", "least"]
FOLDS: tuple[str, ...] = get_args(Fold)


def folded(axis: TimeAxis, scores: np.ndarray, fold: str) -> np.ndarray:
    """Return the score of each stamp, `(windows,)`, float64.

    Windows of other segments hold no reading of a stamp. So fewer windows count near the end of a segment.

    Args:
        axis: Axis of time of the windows.
        scores: Score of each window, `(windows,)`.
        fold: How the scores of the windows that hold a stamp are folded, one of `FOLDS`.
    """
    found = np.array(scores, "float64")
    if fold == "last":
        return found
    for segment, part in axis.parts(np.asarray(scores, "float64")):
        value, count = part.copy(), np.ones(len(part))
        for later in range(1, axis.reach(segment)):
            if fold == "least":
                value[:-later] = np.minimum(value[:-later], part[later:])
            else:
                value[:-later] += part[later:]
                count[:-later] += 1
        found[segment.numbers] = value / count
    return found


def stamp_scores(split: Examples, scores: np.ndarray, fold: str) -> np.ndarray | None:
    """Return the folded scores of the examples of a split, `(rows,)`; `None` if nothing is folded.

    Args:
        split: Windows of a log, in the order of time.
        scores: Score of each of them, `(rows,)`.
        fold: As for `folded`.

    Raises:
        ValueError: If scores are to be folded, and the examples are no windows of a log.
    """
    if fold == "last":
        return None
    axis = TimeAxis.of(split)
    if axis is None:
        raise ValueError(
            f"Expected windows of a log for `fold` '{fold}', received examples without a time; leave it out."
        )
    return folded(axis, scores, fold)


def strongest(axis: TimeAxis, scores: np.ndarray, fold: str) -> np.ndarray:
    """Return the number of the window whose reasons stand for each stamp, `(windows,)`, int.

    It is the one with the highest score among those that hold the stamp, and with `"last"` the last one.

    Args:
        axis: Axis of time of the windows.
        scores: Score of each window, `(windows,)`.
        fold: As for `folded`.
    """
    found = np.arange(len(axis))
    if fold == "last":
        return found
    for segment, part in axis.parts(np.asarray(scores, "float64")):
        best, place = part.copy(), np.arange(len(part))
        for later in range(1, axis.reach(segment)):
            higher = np.flatnonzero(part[later:] > best[:-later])
            best[higher], place[higher] = part[higher + later], higher + later
        found[segment.numbers] = segment.numbers.start + place
    return found


def folded_block(block: int, fold: str) -> int:
    """Return the number of successive stamps whose scores share readings, from that of windows."""
    # Two stamps are that far apart if the last window of one shares no reading with the first of the other.
    return block if fold == "last" else 2 * block - 1
