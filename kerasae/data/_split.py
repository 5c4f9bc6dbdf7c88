"""Splits: raw examples in memory, or read part by part."""

import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar, Protocol

import numpy as np
import tensorflow as tf

from kerasae.kinds import concatenate, take
from kerasae.preprocessing import Preprocessor


class Examples(Protocol):
    """The interface of every split, in memory or streamed."""

    @property
    def streamed(self) -> bool:
        """Whether the examples are read part by part, again in each epoch."""

    @property
    def block(self) -> int:
        """Number of successive rows that count as one, such as windows that share readings; otherwise 1."""

    @property
    def labels(self) -> np.ndarray | None:
        """Labels of the rows, `(rows,)`, or `None`. A training never sees them."""

    @property
    def examples(self) -> Any:
        """All raw examples, loaded into memory."""

    def __len__(self) -> int: ...

    def head(self, count: int) -> Any:
        """Return the first raw examples."""

    def rows(self, index: Any) -> "Examples":
        """Return some of the rows by their numbers. For a stored table the numbers must rise."""

    def drawn(self, most: int, seed: int = 0) -> "Examples":
        """Return at most `most` rows, drawn without replacement, in the order of the split.

        A split may be sorted by class or by time, so its first rows do not represent the others.
        """

    def chunks(self, size: int = 8192) -> Iterator[Any]:
        """Give all raw examples in order, at most `size` at a time."""

    def apart(self) -> "Examples":
        """Return examples that together hold every number of the split, each of them once where possible.

        They are all examples, unless examples overlap.
        """

    def shuffled(
        self, preprocessor: Preprocessor, batch_size: int, steps: int, seed: int, first_epoch: int
    ) -> "tf.data.Dataset[Any]":
        """Return endless batches of `x`, `steps` in each epoch. The order follows from seed and epoch."""

    def in_order(self, preprocessor: Preprocessor, most: int = 2048) -> "tf.data.Dataset[Any]":
        """Return all of `x`, once and in order, with at most `most` rows in a batch."""

    def joined(self, other: Any) -> "Examples":
        """Return the rows of this split, followed by those of another of the same type."""


@dataclasses.dataclass(frozen=True)
class Split:
    """Raw examples `(rows, ...)` in memory, and labels `(rows,)` if there are any.

    Args:
        examples: Array or pandas DataFrame of raw examples.
        labels: Labels of the rows, which a training never sees. Defaults to `None`.
        numbers: Numbers of the rows among those that they were drawn from, `(rows,)`. Defaults to `None`, if
            nothing was drawn.
    """

    examples: Any
    labels: np.ndarray | None = None
    numbers: np.ndarray | None = None

    #: Whether the examples are read part by part, again in each epoch.
    streamed: ClassVar[bool] = False
    #: Number of successive rows that share readings with one.
    block: ClassVar[int] = 1

    def __len__(self) -> int:
        return len(self.examples)

    def rows(self, index: Any) -> "Split":
        """Return some of the rows by their numbers."""
        labels = None if self.labels is None else self.labels[index]
        numbers = np.arange(len(self))[index] if self.numbers is None else self.numbers[index]
        return Split(take(self.examples, index), labels, numbers)

    def drawn(self, most: int, seed: int = 0) -> "Split":
        """Return at most `most` rows, drawn without replacement, in the order of the split."""
        return self.rows(drawn_rows(len(self), most, seed))

    def head(self, count: int) -> Any:
        """Return the first examples."""
        return take(self.examples, slice(count))

    def chunks(self, size: int = 8192) -> Iterator[Any]:
        """Give all examples in order, at most `size` at a time."""
        for start in range(0, len(self), size):
            yield take(self.examples, slice(start, start + size))

    def apart(self) -> "Split":
        """Return this split, whose examples do not overlap."""
        return self

    def shuffled(
        self, preprocessor: Preprocessor, batch_size: int, steps: int, seed: int, first_epoch: int
    ) -> "tf.data.Dataset[Any]":
        """Return endless batches of `x`, `steps` in each epoch. The order follows from seed and epoch."""
        # Numbers stay in their raw type (uint8 takes a quarter of the memory) and are scaled when drawn.
        stored = self.examples if self.numeric else preprocessor.to_x(self.examples)
        batches = self._drawn(stored, batch_size, steps, seed, first_epoch)
        return (batches.map(preprocessor) if self.numeric else batches).prefetch(8)

    @property
    def numeric(self) -> bool:
        """Whether the raw examples are an array of numbers, which a preprocessor takes in a graph."""
        return isinstance(self.examples, np.ndarray) and self.examples.dtype.kind in "biuf"

    def stored(self, batch_size: int, steps: int, seed: int, first_epoch: int) -> "tf.data.Dataset[Any]":
        """Return the raw examples of the batches of `shuffled`, which must be `numeric`."""
        return self._drawn(self.examples, batch_size, steps, seed, first_epoch).prefetch(8)

    def _drawn(
        self, examples: Any, batch_size: int, steps: int, seed: int, first_epoch: int
    ) -> "tf.data.Dataset[Any]":
        order = shuffled_indices(len(self), batch_size, steps, seed, first_epoch)
        rows = tf.constant(examples)
        return order.map(lambda index: tf.gather(rows, index), num_parallel_calls=1, deterministic=True)

    def in_order(self, preprocessor: Preprocessor, most: int = 2048) -> "tf.data.Dataset[Any]":
        """Return all of `x` in as few batches of equal size as possible."""
        parts = -(-len(self) // most)
        x = preprocessor.to_x(self.examples)
        return tf.data.Dataset.from_tensor_slices(x).batch(-(-len(self) // parts)).cache()

    def joined(self, other: "Split") -> "Split":
        """Return the rows of this split, followed by those of another."""
        both = concatenate([self.examples, other.examples])
        known = self.numbers is not None and other.numbers is not None
        numbers = np.concatenate([self.numbers, other.numbers]) if known else None
        return Split(both, join_labels(self, other), numbers)


def drawn_rows(rows: int, most: int, seed: int) -> np.ndarray:
    """Draw at most `most` row numbers without replacement and return them in rising order."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def join_labels(one: Examples, other: Examples) -> np.ndarray | None:
    """Return the labels of two splits, or `None` if one has no labels."""
    if one.labels is None or other.labels is None:
        return None
    return np.concatenate([one.labels, other.labels])


def shuffled_indices(
    rows: int, batch_size: int, steps: int, seed: int, first_epoch: int
) -> "tf.data.Dataset[Any]":
    """Return endless batches of row numbers. Each epoch has its own order."""

    def order(epoch: Any) -> "tf.data.Dataset[Any]":
        shuffled = tf.random.experimental.stateless_shuffle(
            tf.range(rows), seed=tf.stack([tf.cast(seed, tf.int64), epoch])
        )
        batches = tf.reshape(shuffled[: steps * batch_size], (steps, batch_size))
        return tf.data.Dataset.from_tensor_slices(batches)

    return tf.data.Dataset.range(first_epoch, np.iinfo(np.int64).max).flat_map(order)
