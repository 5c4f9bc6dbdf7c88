"""Fidelity: distance of examples to the truth, before and after cleaning."""

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

import numpy as np

from kerasae.metrics import Metric, RowSums
from kerasae.report import as_text


@dataclasses.dataclass(frozen=True)
class Change:
    """One measure, before and after cleaning.

    Args:
        name: Name of the measure after cleaning, as the beginning of a sentence.
        before: Value of the noisy examples.
        after: Value of the clean examples.
    """

    name: str
    before: Metric
    after: Metric

    @property
    def form(self) -> Callable[[Any], str]:
        """Function that formats a value with its unit."""
        unit = self.after.unit
        return (lambda value: f"{as_text(value)} {unit}") if unit else as_text


class Fidelity(Protocol):
    """Distance of examples to the truth, before and after cleaning. Examples are added part by part."""

    #: Key of the metric by which codecs are compared.
    decisive: ClassVar[str]
    #: Whether examples are compared in `x`, and not in raw units.
    in_x: ClassVar[bool]

    def add(self, noisy: np.ndarray, clean: np.ndarray, truth: np.ndarray) -> None:
        """Add a part of the examples."""

    def changes(self) -> list[Change]:
        """Return each measure before and after cleaning."""

    def best_filter(self) -> tuple[str, RowSums] | None:
        """Return the name of the best filter that learns nothing, and its first measure by example.

        The result is `None` if filters were not measured.
        """
