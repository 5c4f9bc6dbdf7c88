"""View: the form in which a program sends raw examples to an artifact and receives them from it."""

import abc
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from kerasae.preprocessing import Preprocessor
from kerasae.spec import Spec

#: Bound on the output of a network, before the inverse scaling. No valid number reaches it. Without this
#: bound TFLite's converter multiplies the scale into the last kernel, and stores that kernel twice.
BOUND = 3e38


class View(abc.ABC):
    """Form in which a program sends raw examples to an artifact and receives them from it.

    Args:
        preprocessor: Preprocessor of the model.
        batch: Number of rows of a call; `None` for any number.
    """

    #: Feed of a device, which `feed` uses there; `None` on a server.
    feeding: Any = None

    def __init__(self, preprocessor: Preprocessor, batch: int | None) -> None:
        self.preprocessor: Any = preprocessor
        #: Preprocessor that scales the numbers that are sent.
        self.scaling: Any = preprocessor
        self.spec: Spec = preprocessor.spec
        self.batch = batch

    @abc.abstractmethod
    def inputs(self) -> dict[str, tf.TensorSpec]:
        """Return shape and type of each input, by its name."""

    @abc.abstractmethod
    def enter(self, sent: dict[str, Any]) -> Any:
        """Return the inputs of a call as `x`. Runs inside a graph."""

    @abc.abstractmethod
    def leave(self, x: Any, name: str) -> dict[str, Any]:
        """Return `x` in raw units, under the name of an output. Runs inside a graph."""

    def returned(self, answered: dict[str, Any]) -> dict[str, Any]:
        """Return the answer of `leave` under the name `reconstruction` as inputs of a new call."""
        return {"x": answered["reconstruction"]}

    @abc.abstractmethod
    def feed(self, raw: Any) -> dict[str, np.ndarray]:
        """Return raw examples of a user as the inputs of a call."""

    def unreadable(self, sent: dict[str, np.ndarray]) -> dict[str, np.ndarray] | None:
        """Return the inputs of one row that no model can judge, such as a row with NaN.

        Args:
            sent: Inputs of a call. The row is made from the first one.

        Returns:
            The inputs; `None` if their types cannot hold such a row.
        """
        return None

    @abc.abstractmethod
    def expected(self, x: np.ndarray, name: str) -> dict[str, np.ndarray]:
        """Return the correct answer of `leave`, computed outside a graph."""

    def units(self, name: str) -> dict[str, Any]:
        """Return the unit in which each output of `leave` is compared: one unit of `x`, in raw units.

        A unit is a number, or a list of numbers if the entries of the last axis have different ones. 0 marks
        an entry that is a code, which is right or wrong.
        """
        return {}

    # The entries that `detect` names -------------------------------------------------------------

    @property
    def real(self) -> tf.DType:
        """Type of the numbers of single entries."""
        exact = self.batch is None and self.preprocessor.precision == "float64"
        return tf.float64 if exact else tf.float32

    def linear(self) -> tuple[np.ndarray, np.ndarray]:
        """Return shift and scale of each feature, `(features,)`: a raw number is `x * scale + shift`.

        A category or token is its code in `x`, with shift 0 and scale 1.
        """
        return np.zeros(self.spec.size), np.ones(self.spec.size)

    def codes(self) -> np.ndarray:
        """Return whether each feature is a category or token, whose number is a code, `(features,)`."""
        return np.zeros(self.spec.size, bool)

    def numbers(self, sent: dict[str, Any], x: Any) -> Any:
        """Return the entries of examples as numbers in raw units, `(batch, features)`. Runs inside a graph.

        Args:
            sent: Inputs of a call.
            x: The same inputs after `enter`.
        """
        return tf.reshape(tf.cast(sent["x"], self.real), (-1, self.spec.size))

    def entries(self, x: Any, number: Any) -> Any:
        """Return single entries of `x`, `(batch, entries)`, in raw units. Runs inside a graph.

        Args:
            x: Entries in units of `x`.
            number: Numbers of their features, int32.
        """
        shift, scale = (tf.constant(part, self.real) for part in self.linear())
        raw = tf.cast(x, self.real) * tf.gather(scale, number) + tf.gather(shift, number)
        if self.spec.low is None or self.spec.high is None:
            return raw
        return tf.clip_by_value(
            raw, *(tf.cast(bound, raw.dtype) for bound in (self.spec.low, self.spec.high))
        )

    def names(self, number: Any) -> dict[str, Any]:
        """Return outputs with the names of features in addition to their numbers. Runs inside a graph."""
        return {}

    def entry_units(self) -> list[float]:
        """Return the unit in which an entry of each feature is compared; 0 marks a code."""
        return np.where(self.codes(), 0.0, self.linear()[1]).tolist()

    def vocabulary(self) -> dict[str, Any] | None:
        """Return the table that a client needs to prepare its inputs; `None` if it needs none."""
        return None

    def describe(self) -> dict[str, Any]:
        """Return facts for the manifest that a reader of the outputs needs."""
        return {}

    @property
    def far(self) -> bool:
        """Whether the inputs lie so far from 0 that float32 loses digits of them."""
        return False

    def features(self) -> dict[str, Any] | None:
        """Return the features of a `tf.train.Example` that holds the inputs, for `tf.io.parse_example`.

        An Example cannot hold float64. Numbers that float32 would round too much are decimal text.
        """
        return {
            name: tf.io.FixedLenFeature(spec.shape[1:], tf.string if self.far else _example_type(spec.dtype))
            for name, spec in self.inputs().items()
        }

    def from_features(self, parsed: dict[str, Any]) -> dict[str, Any]:
        """Return a parsed `tf.train.Example` as the inputs of a call."""
        types = {name: spec.dtype for name, spec in self.inputs().items()}
        return {
            name: decimal(value) if self.far else tf.cast(value, types[name])
            for name, value in parsed.items()
        }


class Views:
    """The two views of a form of examples. This class is abstract.

    A subclass is a file or a package of this folder. `Kind.view` is its name.

    Attributes:
        server: View of a server, which takes any number of rows in a call, and may take strings.
        edge: View of a device, which takes one row of numbers in a call.
    """

    server: ClassVar[type[View]]
    edge: ClassVar[type[View]]


def decimal(texts: Any) -> Any:
    """Return decimal texts as float64; an empty text becomes NaN. Runs inside a graph."""
    return tf.strings.to_number(tf.where(tf.equal(texts, ""), "nan", texts), tf.float64)


def _example_type(dtype: tf.DType) -> tf.DType:
    if dtype == tf.string:
        return tf.string
    return tf.int64 if dtype.is_integer or dtype == tf.bool else tf.float32
