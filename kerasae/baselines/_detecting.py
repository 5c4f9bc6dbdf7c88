"""DetectingBaseline: a way to detect anomalies with which detectors of models are compared."""

from typing import Any, Self

import numpy as np

from kerasae import registry
from kerasae.spec import Spec

#: Largest number of training examples on which such a baseline is fitted.
MOST_ROWS = 20_000


class DetectingBaseline:
    """Way to detect anomalies that reconstructs nothing and needs no training by gradients.

    This class is abstract. A subclass is one file of this room. It says itself which examples it suits, and
    then stands beside the model wherever anomalies are judged.

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
        """Return whether examples of a spec can be judged."""
        raise NotImplementedError(f"{cls.__name__} must write `suits`.")

    def fit(self, x: np.ndarray) -> Self:
        """Fit the baseline on normal training examples, and return the object.

        Args:
            x: Examples, `(rows, ...)`, at most `MOST_ROWS` of them.
        """
        raise NotImplementedError(f"{type(self).__name__} must write `fit`.")

    def score_samples(self, x: np.ndarray) -> np.ndarray:
        """Return the score of each example, `(rows,)`; higher is more abnormal.

        Args:
            x: Examples, `(rows, ...)`.
        """
        raise NotImplementedError(f"{type(self).__name__} must write `score_samples`.")


def detecting_baselines(spec: Spec) -> list[DetectingBaseline]:
    """Return all ways to detect anomalies that suit examples of a spec, before `fit`."""
    members: Any = registry.members("baseline").values()
    chosen = [member for member in members if issubclass(member, DetectingBaseline)]
    return [member(spec) for member in chosen if member.suits(spec)]
