"""Kind: base class of the kinds of examples."""

from typing import Any, ClassVar

import numpy as np
import pandas as pd

from kerasae import registry
from kerasae.spec import Column, Spec


class Kind:
    """Kind of an example, with everything that depends on it.

    This class is abstract. A subclass is one file of this room, and the name of the file is `Spec.kind`. Code
    elsewhere uses an object of this class and does not compare that name. If it needs something else that
    depends on the kind, add a method here.

    Args:
        spec: Description of the examples.
    """

    #: Whether an example is an array of numbers, each of which is a feature.
    is_array: ClassVar[bool] = True
    #: Whether an example is a row of measurements, whose noise is part of it. A generated example of another
    #: kind is the mean of its likelihood, because a draw would only add grain.
    is_measured: ClassVar[bool] = False
    #: Whether an example holds numbers, and not words.
    has_numbers: ClassVar[bool] = True
    #: Whether an example is looked at as a picture.
    is_picture: ClassVar[bool] = False
    #: Whether an example may have missing entries, which are NaN in `x`.
    has_gaps: ClassVar[bool] = False
    #: Part of an example for which figures in bits are given, in the singular.
    unit: ClassVar[str]
    #: Name of the parts over which a reconstruction error is averaged, in the plural.
    parts: ClassVar[str] = "numbers"
    #: How examples are written where their bytes are counted.
    written_as: ClassVar[str] = "in their own type"

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    @classmethod
    def example(cls) -> Spec:
        """Return a small spec of this kind."""
        raise NotImplementedError(f"{cls.__name__} must write `example`.")

    @property
    def source(self) -> str | None:
        """Name of the source that reads more examples from a path; `None` if the path alone decides."""
        return None

    @property
    def network(self) -> str:
        """Name of the default network."""
        return "dense"

    @property
    def preprocessing(self) -> str:
        """Name of the default preprocessing; data with a known range are rescaled."""
        return "standardization" if self.spec.low is None else "rescaling"

    @property
    def loss(self) -> str | None:
        """Name of the default loss; `None` for that of the family."""
        return None

    @property
    def measures(self) -> str:
        """Name of the measures of a reconstruction."""
        return "numbers"

    @property
    def corruption(self) -> str:
        """Name of the default corruption of a denoising model."""
        return "gaussian"

    @property
    def anomaly_score(self) -> str:
        """Name of the default anomaly score."""
        return "whitened"

    @property
    def false_alarms(self) -> float:
        """Default share of normal examples that a detector with a promise may flag."""
        return 0.05

    @property
    def view(self) -> str:
        """Name of the form in which a program sends examples to an exported model."""
        return "array"

    @property
    def described(self) -> str:
        """Description of the examples, as a part of a sentence."""
        return f"{self.spec.kind}s of shape {self.spec.shape}"

    @property
    def largest_code(self) -> int | None:
        """Largest code size below the size of an example; `None` if sizes are not comparable."""
        return self.spec.size - 1

    @property
    def widest(self) -> int:
        """Largest number of units of the first hidden layer that a search tries by default."""
        return max(64, min(1024, 4 * self.spec.size))

    @property
    def feature_names(self) -> list[str]:
        """Names of the features of a flattened example."""
        return [f"feature {number}" for number in range(self.spec.size)]

    @property
    def channel_names(self) -> list[str]:
        """Names of the channels of a series; none for another kind."""
        return []

    @property
    def feature_columns(self) -> tuple[Column, ...]:
        """Column of each feature of a flattened example, which says what a missing entry means.

        Empty for a kind without missing entries.
        """
        return ()

    @property
    def is_code(self) -> np.ndarray:
        """Whether each feature is a category, a boolean or a token, whose reconstruction is right or wrong.

        Booleans of shape `(features,)`, or of shape `(1,)` if all features are of one type.
        """
        return np.zeros(1, bool)

    def squares(self, x: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Return squared differences; for a feature that is a code, 1 if two entries differ and 0 otherwise.

        Args:
            x: Examples as a network sees them, `(rows, ...)`. A missing entry is NaN.
            other: Reconstructions of the same shape.

        Returns:
            An array of the same shape.
        """
        squares: np.ndarray = np.square(x - other, dtype="float64")
        is_code = self.is_code
        return np.where(is_code, np.round(x) != np.round(other), squares) if is_code.any() else squares

    def contributions(self, added: np.ndarray) -> pd.DataFrame:
        """Return contributions of features to scores, `(rows, features)`, as a table for a file."""
        return pd.DataFrame(added, columns=self.feature_names)

    @property
    def column_names(self) -> list[str]:
        """Names of the columns of `as_frame`."""
        return self.feature_names

    def as_frame(self, raw: Any) -> pd.DataFrame:
        """Raw examples as a data frame with a row for each: columns, a text, or every number by itself."""
        return pd.DataFrame(np.asarray(raw).reshape(len(raw), self.spec.size), columns=self.column_names)

    def watched(self, raw: Any, x: np.ndarray) -> pd.DataFrame:
        """Return the quantities of examples whose distribution is watched for drift, one in a column.

        By default these are the raw numbers of an example. A column of numbers holds quantities, any other
        column holds categories. NaN stands for a missing entry.

        Args:
            raw: Raw examples.
            x: The same examples as a network sees them, `(rows, ...)`.
        """
        values = np.asarray(raw, "float64").reshape(len(raw), self.spec.size)
        return pd.DataFrame(values, columns=self.feature_names)

    def points(self, x: np.ndarray) -> np.ndarray:
        """Examples as points whose distances mean something, `(rows, numbers)`.

        Numbers stand as they are. Categories become indicators that put two different values at distance 1.
        A missing entry stands at the mean of the training rows.

        Args:
            x: Examples as a network sees them, `(rows, ...)`.
        """
        return x.reshape(len(x), self.spec.size)

    def has_examples_like(self, spec: Spec) -> bool:
        """Return whether a model of these examples accepts those of another spec."""
        return spec.kind == self.spec.kind and spec.shape == self.spec.shape


def kind_of(spec: Spec) -> Kind:
    """Return the kind of the examples that a spec describes.

    Raises:
        ValueError: If there is no such kind.
    """
    kind: Kind = registry.resolve("kind", spec.kind)(spec)
    return kind
