"""Comparison of two figures on the same rows."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any, Self

from kerasae.metrics import Difference, RowFigure, difference
from kerasae.report import as_text, with_error


def counted(rows: int, noun: str, block: int = 1) -> str:
    """Return a number of rows in words, or of blocks of them, such as "9 blocks of 32 rows".

    Args:
        rows: Number of rows, or of blocks.
        noun: Name of a row.
        block: Number of successive rows that count as one. Defaults to 1.
    """
    if block > 1:
        return f"{rows:,} block{'s' * bool(rows != 1)} of {block} {noun}s"
    return f"{rows:,} {noun}{'s' * bool(rows != 1)}"


@dataclasses.dataclass(frozen=True)
class Paired:
    """Two figures on the same rows, and the standard error of their difference.

    Args:
        lower: Whether lower is better.
        ours: First figure, the mean over its draws.
        theirs: Second figure, the mean over its draws.
        found: Difference of the two, with its paired standard error.
        rows: Number of rows, or of blocks of them.
        draws: Number of draws or seeds of a figure.
        block: Number of successive rows that count as one, because they share readings.
    """

    lower: bool
    ours: float
    theirs: float
    found: Difference
    rows: int
    draws: int
    block: int

    @classmethod
    def of(cls, ours: Sequence[RowFigure], theirs: Sequence[RowFigure], lower: bool) -> Self | None:
        """Compare two figures; `None` if one of them counted nothing.

        Args:
            ours: First figure, one for each draw or seed.
            theirs: Second figure, over the same rows in the same order.
            lower: Whether lower is better.
        """
        values = [[figure.value for figure in draws] for draws in (ours, theirs)]
        known = [[figure for figure in draws if figure is not None] for draws in values]
        if not all(known) or known != values:
            return None
        first, second = (sum(draws) / len(draws) for draws in known)
        one = ours[0]
        found = difference(ours, theirs)
        return cls(lower, first, second, found, len(one.influences), len(ours), one.block)

    @property
    def better(self) -> bool:
        """Whether the first figure is shown to be better."""
        return bool(self.found.shown and (self.found.value < 0) == self.lower)

    def words(self, rival: str, form: Callable[[Any], str] = as_text) -> str:
        """Say that the first figure is better or worse than the second one, or that no difference is shown.

        Args:
            rival: Owner of the second figure, as in "than rival" and "from rival".
            form: Function that formats a figure.
        """
        ours, rival_text = form(self.ours), f"{rival} ({form(self.theirs)})"
        known = math.isfinite(self.found.error)
        doubt = with_error(abs(self.found.value), self.found.error) if known else ""
        if self.found.shown:
            return f"{ours}, {'better' if self.better else 'worse'} than {rival_text}, by {doubt}"
        if not self.found.value:
            return f"{ours}, the same as {rival_text}"
        within = f": {doubt} is within two standard errors" if known else ""
        return f"{ours}; {self.sampled} no difference from {rival_text}{within}"

    @property
    def sampled(self) -> str:
        """Sample size as a subject with its verb, such as "200 rows and 3 draws show"."""
        rows = counted(self.rows, "row", self.block)
        draws = f" and {self.draws} draws" if self.draws > 1 else ""
        return f"{rows}{draws} {'shows' if self.rows == 1 and not draws else 'show'}"
