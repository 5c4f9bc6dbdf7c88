"""View: how raw examples enter an artifact and leave it."""

from typing import Any

import numpy as np
import tensorflow as tf

from kerasae.preprocessing import Preprocessor

#: Between a network and its inverse scaling stands this bound, which no sound number reaches: without
#: it TFLite's converter multiplies the scale into the last kernel, and stores that kernel twice.
BOUND = 3e38


class View:
    """The raw side of an artifact.

    Args:
        preprocessor: of the model.
        batch: rows of a call; `None` for any number.
    """

    def __init__(self, preprocessor: Preprocessor, batch: int | None) -> None:
        self.preprocessor: Any = preprocessor
        #: What scales the numbers that are sent.
        self.scaling: Any = preprocessor
        self.spec = preprocessor.spec
        self.batch = batch

    def inputs(self) -> dict[str, tf.TensorSpec]:
        """What a client sends, by name."""
        raise NotImplementedError

    def enter(self, sent: dict[str, Any]) -> Any:
        """What was sent as `x`; in a graph."""
        raise NotImplementedError

    def leave(self, x: Any, name: str) -> dict[str, Any]:
        """`x` in raw units under an output's name; in a graph."""
        raise NotImplementedError

    def returned(self, answered: dict[str, Any]) -> dict[str, Any]:
        """What `leave` gave under the name `reconstruction`, as it is sent."""
        return {"x": answered["reconstruction"]}

    def feed(self, raw: Any) -> dict[str, np.ndarray]:
        """Raw examples as a user holds them, as a client sends them."""
        raise NotImplementedError

    def unreadable(self, sent: dict[str, np.ndarray]) -> dict[str, np.ndarray] | None:
        """A row that no model can judge, as a client sends it, made of the first one.

        `None` where the types of the inputs hold no such row.
        """
        return None

    def expected(self, x: np.ndarray, name: str) -> dict[str, np.ndarray]:
        """What `leave` must give, worked out outside a graph."""
        raise NotImplementedError

    def units(self, name: str) -> dict[str, Any]:
        """What deviations of the outputs of `leave` are measured in: one unit of `x`, in raw units.

        A number for each entry of the last axis where they differ; 0 where an entry is a code.
        """
        return {}

    def vocabulary(self) -> dict[str, Any] | None:
        """What a client must look up before it sends, if anything."""
        return None

    def describe(self) -> dict[str, Any]:
        """What a reader of the outputs needs to know, for the manifest."""
        return {}

    @property
    def far(self) -> bool:
        """Whether float32 loses digits of the numbers that are sent, as they lie far from 0."""
        return False

    def features(self) -> dict[str, Any] | None:
        """How a `tf.train.Example` holds what is sent, for `tf.io.parse_example`.

        An Example holds no float64: numbers that float32 would round by a part of their spread go as
        decimal text.
        """
        return {
            name: tf.io.FixedLenFeature(spec.shape[1:], tf.string if self.far else _example_type(spec.dtype))
            for name, spec in self.inputs().items()
        }

    def from_features(self, parsed: dict[str, Any]) -> dict[str, Any]:
        """Parsed examples as they are sent."""
        types = {name: spec.dtype for name, spec in self.inputs().items()}
        return {
            name: decimal(value) if self.far else tf.cast(value, types[name])
            for name, value in parsed.items()
        }


def decimal(texts: Any) -> Any:
    """Decimal texts as float64, NaN for an empty one; in a graph."""
    return tf.strings.to_number(tf.where(tf.equal(texts, ""), "nan", texts), tf.float64)


def _example_type(dtype: tf.DType) -> tf.DType:
    if dtype == tf.string:
        return tf.string
    return tf.int64 if dtype.is_integer or dtype == tf.bool else tf.float32
