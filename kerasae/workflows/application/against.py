"""Comparison of a model with the best baseline, by the deciding figure."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Self

from kerasae.applications import Finding
from kerasae.metrics import Metric
from kerasae.report import as_text
from kerasae.report.paired import Paired

#: Distance from chance level below which a figure between 0 and 1 means nothing.
_BY_CHANCE = 0.05


@dataclasses.dataclass(frozen=True)
class Against:
    """Deciding figure of a model and of the best baseline.

    Args:
        metric: Metric of the model.
        rival: Name of the best baseline.
        theirs: Value of the best baseline.
        paired: Comparison over paired rows; `None` if the application gives no rows.
    """

    metric: Metric
    rival: str
    theirs: float
    paired: Paired | None

    @property
    def ours(self) -> float:
        """Value of the model."""
        assert self.metric.number is not None
        return self.metric.number

    @classmethod
    def of(cls, findings: Mapping[str, Finding]) -> Self | None:
        """Compare the first finding with the others; `None` if there is nothing to compare.

        Args:
            findings: Findings by codec, that of the model first.
        """
        finding, *_ = findings.values()
        ours = finding.metric(finding.decisive)
        if ours is None or ours.lower is None or ours.number is None:
            return None
        others = {name: other.metric(ours.key) for name, other in [*findings.items()][1:]}
        known = {name: one for name, one in others.items() if one is not None and one.number is not None}
        if not known:
            return None
        values: dict[str, Any] = {name: one.number for name, one in known.items()}
        rival = (min if ours.lower else max)(values, key=lambda name: values[name])
        theirs = known[rival]
        paired = Paired.of(ours.rows, theirs.rows, ours.lower) if ours.rows and theirs.rows else None
        return cls(ours, rival, values[rival], paired)

    @property
    def good(self) -> bool:
        """Whether the model is shown to be better than the baseline, and than chance."""
        return self.paired is not None and self.paired.better and not self._by_chance

    @property
    def _by_chance(self) -> bool:
        chance = self.metric.chance
        return chance is not None and abs(self.ours - chance) < _BY_CHANCE

    @property
    def sentence(self) -> str:
        """Comparison as a sentence."""
        text = f"{self.metric.words}: {self._words()}."
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
            "figure": self.metric.key,
            "baseline": self.rival,
            "difference": self.ours - self.theirs,
            "standard_error": None if error is None or not math.isfinite(error) else error,
        }
