"""Comparison of a model with the best baseline, by the deciding figure."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Self

from kerasae.applications._base import Finding
from kerasae.applications._paired import Paired
from kerasae.report import as_text

#: Distance from chance level below which a figure between 0 and 1 means nothing.
_BY_CHANCE = 0.05


@dataclasses.dataclass(frozen=True)
class Against:
    """Deciding figure of a model and of the best baseline.

    Args:
        heading: Heading of the figure.
        ours: Figure of the model.
        rival: Name of the best baseline.
        theirs: Figure of the best baseline.
        paired: Comparison over paired rows; `None` if the application gives no rows.
        chance: Value of the figure at chance level; `None` if it is unknown.
    """

    heading: str
    ours: float
    rival: str
    theirs: float
    paired: Paired | None
    chance: float | None

    @classmethod
    def of(cls, findings: Mapping[str, Finding], key: str | None) -> Self | None:
        """Compare the first finding with the others; `None` if there is nothing to compare.

        Args:
            findings: Findings by codec, that of the model first.
            key: Heading of the deciding figure; `None` if there is none.
        """
        finding, *_ = findings.values()
        if key is None or (lower := finding.better.get(key)) is None:
            return None
        others = {name: other.figures.get(key) for name, other in [*findings.items()][1:]}
        known = {name: value for name, value in others.items() if isinstance(value, int | float)}
        if not known:
            return None
        rival = (min if lower else max)(known, key=lambda name: known[name])
        rows, theirs = finding.rows.get(key), findings[rival].rows.get(key)
        paired = Paired.of(rows, theirs, lower) if rows and theirs else None
        ours: Any = finding.figures[key]
        return cls(key, ours, rival, known[rival], paired, finding.chance.get(key))

    @property
    def good(self) -> bool:
        """Whether the model is shown to be better than the baseline, and than chance."""
        return self.paired is not None and self.paired.better and not self._by_chance

    @property
    def _by_chance(self) -> bool:
        return self.chance is not None and abs(self.ours - self.chance) < _BY_CHANCE

    @property
    def sentence(self) -> str:
        """Comparison as a sentence."""
        text = f"{self.heading}: {self._words()}."
        return text[:1].upper() + text[1:]

    def _words(self) -> str:
        ours, theirs = as_text(self.ours), as_text(self.theirs)
        if self._by_chance:
            return f"{ours}, which is chance; the best baseline, {self.rival}, has {theirs}"
        if self.paired is None:
            return f"{ours}; the best baseline, {self.rival}, has {theirs}"
        return self.paired.words(f"the best baseline, {self.rival}")

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON types; the difference is that of the model minus the baseline."""
        error = None if self.paired is None else self.paired.found.error
        return {
            "figure": self.heading,
            "baseline": self.rival,
            "difference": self.ours - self.theirs,
            "standard_error": None if error is None or not math.isfinite(error) else error,
        }
