"""A model beside the best baseline, by the figure that decides."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Self

from kerasae.applications._base import Finding
from kerasae.applications._paired import Paired
from kerasae.report import as_text

#: How near to chance a figure between 0 and 1 means nothing.
_BY_CHANCE = 0.05


@dataclasses.dataclass(frozen=True)
class Against:
    """The figure that decides, of a model and of the best baseline.

    Args:
        heading: Heading of the figure.
        ours: Figure of the model.
        rival: Name of the best baseline.
        theirs: Its figure.
        paired: The two over paired rows; `None` where the application gives no rows.
        chance: Figure that chance gives; `None` where that is not known.
    """

    heading: str
    ours: float
    rival: str
    theirs: float
    paired: Paired | None
    chance: float | None

    @classmethod
    def of(cls, findings: Mapping[str, Finding], key: str | None) -> Self | None:
        """Compare the first finding with the others; `None` where there is nothing to compare.

        Args:
            findings: Findings by codec, that of the model first.
            key: Heading of the figure that decides; `None` where there is none.
        """
        own, *_ = findings.values()
        if key is None or (lower := own.better.get(key)) is None:
            return None
        others = {name: one.figures.get(key) for name, one in [*findings.items()][1:]}
        known = {name: value for name, value in others.items() if isinstance(value, int | float)}
        if not known:
            return None
        rival = (min if lower else max)(known, key=lambda name: known[name])
        rows, theirs = own.rows.get(key), findings[rival].rows.get(key)
        paired = Paired.of(rows, theirs, lower) if rows and theirs else None
        ours: Any = own.figures[key]
        return cls(key, ours, rival, known[rival], paired, own.chance.get(key))

    @property
    def good(self) -> bool:
        """Whether the model is shown to be better, and than chance too."""
        return self.paired is not None and self.paired.better and not self._by_chance

    @property
    def _by_chance(self) -> bool:
        return self.chance is not None and abs(self.ours - self.chance) < _BY_CHANCE

    @property
    def sentence(self) -> str:
        """What is to be said of it."""
        said = f"{self.heading}: {self._words()}."
        return said[:1].upper() + said[1:]

    def _words(self) -> str:
        ours, theirs = as_text(self.ours), as_text(self.theirs)
        if self._by_chance:
            return f"{ours}, which is chance; the best baseline, {self.rival}, has {theirs}"
        if self.paired is None:
            return f"{ours}; the best baseline, {self.rival}, has {theirs}"
        return self.paired.words(f"the best baseline, {self.rival}")

    def to_dict(self) -> dict[str, Any]:
        """For machines; the difference is that of the model less the baseline."""
        error = None if self.paired is None else self.paired.found.error
        return {
            "figure": self.heading,
            "baseline": self.rival,
            "difference": self.ours - self.theirs,
            "standard_error": None if error is None or not math.isfinite(error) else error,
        }
