"""CodelessBaseline: a baseline that has no code and does one thing only."""

from typing import Any, Self

import numpy as np

from kerasae import registry
from kerasae.spec import Spec


class CodelessBaseline:
    """Baseline without a code and without a training by gradients, for one application.

    This class is abstract, and so is its subclass for each application: `DetectingBaseline`,
    `FillingBaseline`. A baseline is one file of this room, and a subclass of one of these two. It says itself
    which examples it suits, and then stands beside the model wherever that application runs.

    Args:
        spec: Fitted spec of the examples.
    """

    #: Name in tables and in JSON files.
    name: str
    #: Name in sentences.
    title: str
    #: Largest number of training examples on which it is fitted.
    most_rows: int

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    @classmethod
    def suits(cls, spec: Spec) -> bool:
        """Return whether the baseline has a meaning for examples of a spec."""
        raise NotImplementedError(f"{cls.__name__} must write `suits`.")

    def fit(self, x: np.ndarray) -> Self:
        """Fit the baseline on training examples, and return the object.

        Args:
            x: Examples, `(rows, ...)`, at most `most_rows` of them.
        """
        raise NotImplementedError(f"{type(self).__name__} must write `fit`.")

    @classmethod
    def all_for(cls, spec: Spec) -> list[Self]:
        """Return all registered subclasses of this class that suit examples of a spec, before `fit`."""
        members: Any = registry.members("baseline").values()
        chosen = [member for member in members if issubclass(member, cls)]
        return [member(spec) for member in chosen if member.suits(spec)]
