"""Ranges: the ends of numbers on training rows, and how strongly a number beyond an end speaks."""

import dataclasses

import numpy as np

#: Greatest share of the rows that may lie beyond an end, and the number that always may.
_SHARE, _ALWAYS = 0.002, 3
#: Number of rows that are as near to the end as the first number beyond it, for each number beyond. Others
#: could be expected in the gap then.
_NEAR = 20
#: Smallest reach of a range, as a share of the distance between the least and the greatest number.
_LEAST_REACH = 0.01
#: Distance beyond a number that is only rounding, in units of `x` and relative to the number.
ROUNDING = 1e-5


@dataclasses.dataclass(frozen=True)
class Range:
    """The end of a number on one side, upwards.

    Args:
        end: Greatest number that is usual.
        base: Evidence of a number beyond the end, in nats.
        reach: Distance beyond the end at which the evidence has grown by `log 4`.
        beyond: Number of training rows that lie beyond the end, or would if they were new. Defaults to 0.
    """

    end: float
    base: float
    reach: float
    beyond: int = 0


#: Number beyond all entries.
FAR = 1e30
#: Range of a column that is no number, beyond which nothing lies.
NO_RANGE = Range(FAR, 0.0, 1.0)


def upper(values: np.ndarray) -> Range:
    """Return the upper end of some numbers.

    The end is the greatest number, unless a few are set apart from all others: at most three, or a
    five-hundredth of the rows, behind a gap. For each of them, twenty rows or more lie before the gap in an
    interval as wide. Such numbers may be faults among the training rows, so the end is the next number then.

    If `k` of `n` numbers lie beyond the end, one more lies there with a probability of about
    `p = (k + 1/2) / (n + 1)`, the estimate of Krichevsky and Trofimov. A single greatest number would lie
    beyond the others if it were new, so `k` is at least 1. Where more than a few rows have the greatest
    number, such as a price of 0 at the lower end, it is a bound, and `k` may be 0.

    The evidence is `-log p` and grows with the distance `d` by `2 log(1 + d / 2 m)`. This is a generalised
    Pareto tail of shape 1/2, the heaviest one with a finite variance, up to its limit. Its scale `m` is the
    mean excess of the greatest `sqrt(n)` numbers. An exponential tail has a gap as above in one of twenty
    columns, and then `p` is true as well.

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
    usual = ordered[: rows - beyond]
    end = float(usual[-1])
    single = int((usual == end).sum() <= few(rows))
    spread = float(np.ptp(usual)) or 1.0
    tail = usual[-int(np.sqrt(len(usual))) - 1 :]
    excess = float(np.mean(tail[1:] - tail[0])) if len(tail) > 1 else 0.0
    count = max(beyond, single)
    return Range(end, evidence(count, rows), max(2.0 * excess, _LEAST_REACH * spread), count)


def few(rows: int) -> int:
    """Return the greatest number of rows that may be faults."""
    return max(_ALWAYS, int(_SHARE * rows))


def evidence(count: float, rows: int) -> float:
    """Return `-log p` of an event that `count` of `rows` training rows show, in nats."""
    return float(-np.log((count + 0.5) / (rows + 1.0)))
