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
        preprocessor: Preprocessor of the model.
        batch: Number of rows of a call; `None` for any number.
    """

    def __init__(self, preprocessor: Preprocessor, batch: int | None) -> None:
        self.preprocessor: Any = preprocessor
        #: What scales the numbers that are sent.
        self.scaling: Any = preprocessor
        self.spec = preprocessor.spec
        self.batch = batch

    def inputs(self) -> dict[str, tf.TensorSpec]:
        """Return what a client sends, by name."""
        raise NotImplementedError

    def enter(self, sent: dict[str, Any]) -> Any:
        """Return what was sent as `x`; in a graph."""
        raise NotImplementedError

    def leave(self, x: Any, name: str) -> dict[str, Any]:
        """Return `x` in raw units under an output's name; in a graph."""
        raise NotImplementedError

    def returned(self, answered: dict[str, Any]) -> dict[str, Any]:
        """Return what `leave` gave under the name `reconstruction`, as it is sent."""
        return {"x": answered["reconstruction"]}

    def feed(self, raw: Any) -> dict[str, np.ndarray]:
        """Return raw examples, as a user holds them, in the form that a client sends."""
        raise NotImplementedError

    def unreadable(self, sent: dict[str, np.ndarray]) -> dict[str, np.ndarray] | None:
        """Return a row that no model can judge, as a client sends it, made from the first row.

        `None` if the types of the inputs hold no such row.
        """
        return None

    def expected(self, x: np.ndarray, name: str) -> dict[str, np.ndarray]:
        """Return what `leave` must give, computed outside a graph."""
        raise NotImplementedError

    def units(self, name: str) -> dict[str, Any]:
        """Return the units of deviations of the outputs of `leave`: one unit of `x`, in raw units.

        A unit is a list of numbers, one for each entry of the last axis, if they differ; 0 stands for a code.
        """
        return {}

    def vocabulary(self) -> dict[str, Any] | None:
        """Return what a client must look up before it sends, if anything."""
        return None

    def describe(self) -> dict[str, Any]:
        """Return what a reader of the outputs needs to know, for the manifest."""
        return {}

    @property
    def far(self) -> bool:
        """Whether float32 loses digits of the numbers that are sent, as they lie far from 0."""
        return False

    def features(self) -> dict[str, Any] | None:
        """Return how a `tf.train.Example` holds what is sent, for `tf.io.parse_example`.

        An Example holds no float64: numbers that float32 would round by a part of their spread go as
        decimal text.
        """
        return {
            name: tf.io.FixedLenFeature(spec.shape[1:], tf.string if self.far else _example_type(spec.dtype))
            for name, spec in self.inputs().items()
        }

    def from_features(self, parsed: dict[str, Any]) -> dict[str, Any]:
        """Return parsed examples as they are sent."""
        types = {name: spec.dtype for name, spec in self.inputs().items()}
        return {
            name: decimal(value) if self.far else tf.cast(value, types[name])
            for name, value in parsed.items()
        }


def decimal(texts: Any) -> Any:
    """Return decimal texts as float64, NaN for an empty one; in a graph."""
    return tf.strings.to_number(tf.where(tf.equal(texts, ""), "nan", texts), tf.float64)


def _example_type(dtype: tf.DType) -> tf.DType:
    if dtype == tf.string:
        return tf.string
    return tf.int64 if dtype.is_integer or dtype == tf.bool else tf.float32
