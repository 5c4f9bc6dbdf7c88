"""FillingBaseline: a way to fill missing entries with which the fillings of models are compared."""

from typing import Any, Self

import numpy as np

from kerasae import registry
from kerasae.spec import Spec

#: Largest number of training rows on which such a baseline is fitted.
MOST_FILLED_ROWS = 5_000


class FillingBaseline:
    """Way to fill missing entries that has no code and needs no training by gradients.

    This class is abstract. A subclass is one file of this room. It says itself which examples it suits, and
    then stands beside the model wherever gaps are filled.

    Args:
        spec: Fitted spec of the examples.
    """

    #: Name in tables and in JSON files.
    name: str
    #: Name in sentences.
    title: str

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    @classmethod
    def suits(cls, spec: Spec) -> bool:
        """Return whether examples of a spec can be filled."""
        raise NotImplementedError(f"{cls.__name__} must write `suits`.")

    def fit(self, x: np.ndarray) -> Self:
        """Fit the baseline on training rows, and return the object.

        Args:
            x: Rows, `(rows, cells)`, NaN for a missing entry, at most `MOST_FILLED_ROWS` of them.
        """
        raise NotImplementedError(f"{type(self).__name__} must write `fit`.")

    def fill(self, x: np.ndarray, missing: np.ndarray) -> np.ndarray:
        """Return rows without gaps, `(rows, cells)`; present entries do not change.

        Args:
            x: Rows, `(rows, cells)`, with any number where `missing` is true.
            missing: Whether an entry is missing, `(rows, cells)`.
        """
        raise NotImplementedError(f"{type(self).__name__} must write `fill`.")


def filling_baselines(spec: Spec) -> list[FillingBaseline]:
    """Return all ways to fill gaps that suit examples of a spec, before `fit`."""
    members: Any = registry.members("baseline").values()
    chosen = [member for member in members if issubclass(member, FillingBaseline)]
    return [member(spec) for member in chosen if member.suits(spec)]
