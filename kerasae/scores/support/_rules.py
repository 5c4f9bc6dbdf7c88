"""Rules: what an entry breaks that the training rows keep."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

#: Smallest evidence of a rule that is told, in nats.
_TOLD = 1.5


class Rule(NamedTuple):
    """A rule of the training rows that an entry breaks.

    Attributes:
        name: `"range"`, `"step"`, `"hole"`, `"code"` (a rare or unseen category), `"greater"` or `"less"`
            (than an entry that is never less, or never greater), `"pair"` (two entries that exclude each
            other), `"gap"`, or `"companion"` (a gap beside an entry, though both are missing together).
        nats: Evidence, in nats.
        other: Number of the other column of a rule for two. Defaults to `None`.
        low: Lower end of a range or a hole, in units of `x`. Defaults to 0.
        high: Its upper end; for a step its size, in units of `x`. Defaults to 0.
    """

    name: str
    nats: float
    other: int | None = None
    low: float = 0.0
    high: float = 0.0


def strongest(weights: Mapping[str, np.ndarray], parts: Mapping[str, np.ndarray], column: int) -> Rule | None:
    """Return the rule for which an entry of a row has most evidence; `None` if all have less than 1.5 nats.

    Args:
        weights: Weights of a fitted `SupportScore`, by name.
        parts: Its `parts` of the row, with `x` and `present`, each without the dimension of the rows.
        column: Number of the column of the entry.
    """
    broken = [rule for rule in _broken(weights, parts, column) if rule.nats >= _TOLD]
    return max(broken, key=lambda rule: rule.nats, default=None)


def _broken(
    weights: Mapping[str, np.ndarray], parts: Mapping[str, np.ndarray], column: int
) -> Iterator[Rule]:
    if parts["present"][column] < 0.5:
        beside = parts["present"] * weights["companions"][:, column]
        yield Rule("gap", float(weights["gaps"][column]))
        yield Rule("companion", float(beside.sum()), int(beside.argmax()))
        return
    low, high = weights["ends"][:, column]
    yield Rule("range", float(parts["range"][column]), None, -float(low), float(high))
    if nats := float(parts["step"][column]):
        yield Rule("step", nats, None, 0.0, 1.0 / float(weights["steps"][0, column]))
    signs = weights["differences"]
    for order in np.flatnonzero(signs[column]).tolist():
        (other,) = set(np.flatnonzero(signs[:, order]).tolist()) - {column}
        name = "greater" if signs[column, order] > 0 else "less"
        yield Rule(name, 0.5 * float(parts["order"][order]), other)
    yield from _of_cells(weights, parts, column)


def _of_cells(
    weights: Mapping[str, np.ndarray], parts: Mapping[str, np.ndarray], column: int
) -> Iterator[Rule]:
    owners, together = weights["owners"].argmax(axis=0), weights["together"]
    for cell in np.flatnonzero(weights["owners"][column]).tolist():
        low, high = (float(weights[name][cell]) for name in ("lows", "highs"))
        coded = low % 1 == 0.5 and high - low == 1
        if nats := float(parts["cell"][cell]):
            yield Rule("code" if coded else "hole", nats, None, low, high)
        if cell < len(together) and (nats := float(parts["pair"][cell])):
            beside = np.where(parts["pair"] > 0, together[cell], 0.0)
            yield Rule("pair", nats, int(owners[beside.argmax()]))
