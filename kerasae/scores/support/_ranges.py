"""Ranges: the ends of numbers on training rows, and how strongly a number beyond an end speaks."""

import dataclasses

import numpy as np

#: Greatest share of the rows that may lie beyond an end, and the number that always may.
_SHARE, _ALWAYS = 0.002, 3
#: Number of rows that are as near to the end as the first number beyond it, for each number beyond. Others
#: could be expected in the gap then.
_NEAR = 20
#: Distance beyond a number that is only rounding, in units of `x` and relative to the number.
ROUNDING = 1e-5


@dataclasses.dataclass(frozen=True)
class Range:
    """The end of a number on one side, upwards.

    Args:
        end: Greatest number that is usual.
        base: Evidence of a number beyond the end, in nats.
        reach: Distance between the median and the end. At this distance beyond the end, the evidence has
            grown by `log 2`.
    """

    end: float
    base: float
    reach: float


#: Range of a column that is no number.
NO_RANGE = Range(0.0, 0.0, 1.0)


def upper(values: np.ndarray) -> Range:
    """Return the upper end of some numbers.

    The end is the greatest number, unless a few are set apart from all others: at most three, or a
    five-hundredth of the rows, behind a gap. For each of them, twenty rows or more lie before the gap in an
    interval as wide. Such numbers may be faults among the training rows, so the end is the next number then.

    If `k` of `n` numbers lie beyond the end, one more lies there with a probability of about
    `p = (k + 1/2) / (n + 1)`, the estimate of Krichevsky and Trofimov. The evidence is `-log p` and grows
    with the distance. An exponential tail has such a gap in one of twenty columns, and then `p` is
    true as well.

    Args:
        values: Numbers, `(rows,)`, at least one.
    """
    ordered = np.sort(values)
    rows, middle = len(ordered), float(np.median(ordered))
    beyond = 0
    for count in range(min(few(rows), rows - 1), 0, -1):
        end = ordered[rows - count - 1]
        gap = ordered[rows - count] - end
        near = rows - count - np.searchsorted(ordered, end - gap)
        if gap > 0 and end >= middle and near >= _NEAR * count:
            beyond = count
            break
    end = float(ordered[rows - beyond - 1])
    spread = float(np.ptp(ordered[: rows - beyond])) or 1.0
    return Range(end, evidence(beyond, rows), max(end - middle, 0.01 * spread))


def few(rows: int) -> int:
    """Return the greatest number of rows that may be faults."""
    return max(_ALWAYS, int(_SHARE * rows))


def evidence(count: float, rows: int) -> float:
    """Return `-log p` of an event that `count` of `rows` training rows show, in nats."""
    return float(-np.log((count + 0.5) / (rows + 1.0)))
