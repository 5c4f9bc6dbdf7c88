"""Kind: what depends on the kind of an example."""

from typing import ClassVar

import numpy as np

from kerasae import registry
from kerasae.spec import Spec


class Kind:
    """What depends on the kind of an example.

    Abstract. A subclass is one file of this room, and the name of the file is `Spec.kind`. Code elsewhere
    asks an object of this class instead of comparing that name. What it cannot ask is a method that is
    missing here.

    Args:
        spec: Description of the examples.
    """

    #: Whether an example is an array of numbers, every one of which is a feature.
    is_array: ClassVar[bool] = True
    #: Whether an example is a row of measurements, whose noise is part of it. A new example of another
    #: kind is the mean of its likelihood: what a draw adds is grain.
    is_measured: ClassVar[bool] = False
    #: Whether an example may have missing entries, which are NaN in `x`.
    has_gaps: ClassVar[bool] = False
    #: What figures in bits are counted by.
    unit: ClassVar[str]
    #: What a reconstruction error is counted by, in the plural.
    parts: ClassVar[str] = "numbers"

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    @classmethod
    def example(cls) -> Spec:
        """A small spec of this kind."""
        raise NotImplementedError(f"{cls.__name__} must write `example`.")

    @property
    def network(self) -> str:
        """Name of the network that is taken by default."""
        return "dense"

    @property
    def preprocessing(self) -> str:
        """Name of the preprocessing that is taken by default: a known range is rescaled."""
        return "standardization" if self.spec.low is None else "rescaling"

    @property
    def loss(self) -> str | None:
        """Name of the loss that is taken by default; `None` for that of the family."""
        return None

    @property
    def corruption(self) -> str:
        """Name of the corruption that a denoising model takes by default."""
        return "gaussian"

    @property
    def described(self) -> str:
        """Examples of this kind, for a sentence."""
        return f"{self.spec.kind}s of shape {self.spec.shape}"

    @property
    def largest_code(self) -> int | None:
        """Size of the largest code that is smaller than an example; `None` where a size says nothing."""
        return self.spec.size - 1

    @property
    def widest(self) -> int:
        """Most nodes of the first hidden layer that a search tries by default."""
        return max(64, min(1024, 4 * self.spec.size))

    @property
    def feature_names(self) -> list[str]:
        """A name for each number of a flattened example."""
        return [f"feature {number}" for number in range(self.spec.size)]

    @property
    def is_code(self) -> np.ndarray:
        """Whether an entry stands for a category, a boolean or a token, so that it is right or wrong.

        Returns:
            Booleans of shape `(features,)`, or `(1,)` where all features are alike.
        """
        return np.zeros(1, bool)

    def squares(self, x: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Squared differences; of entries that are codes 1 where they differ.

        Args:
            x: Examples as a network sees them, `(rows, ...)`, NaN where an entry is missing.
            other: Reconstructions of the same shape.

        Returns:
            An array of the same shape.
        """
        squares: np.ndarray = np.square(x - other, dtype="float64")
        is_code = self.is_code
        return np.where(is_code, np.round(x) != np.round(other), squares) if is_code.any() else squares

    def has_examples_like(self, spec: Spec) -> bool:
        """Whether a model of these examples takes those of another spec."""
        return spec.kind == self.spec.kind and spec.shape == self.spec.shape


def kind_of(spec: Spec) -> Kind:
    """The kind of the examples that a spec describes.

    Raises:
        ValueError: if there is no such kind.
    """
    kind: Kind = registry.resolve("kind", spec.kind)(spec)
    return kind
