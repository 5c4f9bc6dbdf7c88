"""Metric: one measured value, with all that a table, a sentence or a comparison must know of it."""

import dataclasses
from collections.abc import Sequence

from kerasae.metrics._rows import RowFigure


@dataclasses.dataclass(frozen=True)
class Metric:
    """Measured value, or, without a value, a column of a table.

    Args:
        key: Name in JSON files and in Python, such as `"adjusted_rand"`.
        heading: Heading in tables, such as `"adjusted Rand"`.
        value: Value; `None` if it is undefined. Defaults to `None`.
        lower: Whether lower is better; `None` if it is neither. Defaults to `None`.
        unit: Unit of the value, in words. Defaults to none.
        digits: Number of decimals in tables. Defaults to `None`, as many as the value needs.
        phrase: Name in sentences. Defaults to the heading.
        chance: Value at chance level. A value close to it is not good news. Defaults to `None`, unknown.
        rows: Contribution of each row to the value, one entry for each seed or draw. Without it, neither of
            two codecs is called better. Defaults to none.
    """

    key: str
    heading: str
    value: float | int | str | None = None
    lower: bool | None = None
    unit: str = ""
    digits: int | None = None
    phrase: str = ""
    chance: float | None = None
    rows: Sequence[RowFigure] = dataclasses.field(default=(), compare=False, repr=False)

    @property
    def words(self) -> str:
        """Name in sentences."""
        return self.phrase or self.heading

    @property
    def number(self) -> float | int | None:
        """Value if it is a number, otherwise `None`."""
        return self.value if isinstance(self.value, int | float) else None

    def best_of(self, others: Sequence["Metric"]) -> bool:
        """Return whether this is the best of several values that are not all equal."""
        known = {other.number for other in others if other.number is not None}
        if self.lower is None or self.number is None or len(known) < 2:
            return False
        return self.number == (min(known) if self.lower else max(known))
