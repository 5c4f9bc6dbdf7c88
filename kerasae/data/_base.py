"""Data: a spec and three splits, labels kept apart."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from kerasae.preprocessing import Preprocessor
from kerasae.spec import Spec

SPLITS = ("train", "validation", "test")


@dataclasses.dataclass(frozen=True)
class Split:
    """Raw examples `(rows, ...)`, and labels `(rows,)` where there are any."""

    examples: np.ndarray
    labels: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.examples)

    def rows(self, index: Any) -> "Split":
        """Some of the rows."""
        return Split(self.examples[index], None if self.labels is None else self.labels[index])


@dataclasses.dataclass(frozen=True)
class Data:
    """What a source returns: raw examples in three splits, and what one example is.

    The arrays stay in memory in their raw type; batches are scaled on the way. Labels never reach
    a training: they are for evaluation.

    Args:
        name: of the source, for titles.
        spec: what one raw example is.
        train: rows to train on.
        validation: rows that choose the epoch.
        test: rows for figures that are reported, and for nothing else.
        preprocessor: fitted on the training split; `None` until then.
    """

    name: str
    spec: Spec
    train: Split
    validation: Split
    test: Split
    preprocessor: Preprocessor | None = None

    def split(self, name: str) -> Split:
        """The split of a name: train, validation or test."""
        if name not in SPLITS:
            raise ValueError(f"`split` must be one of {', '.join(SPLITS)}, received {name!r}.")
        return getattr(self, name)

    def with_preprocessor(self, preprocessor: Preprocessor) -> "Data":
        """The same data seen through a preprocessor, which is fitted on the training split here."""
        return dataclasses.replace(self, preprocessor=preprocessor.fit(self.train.examples))

    def x(self, split: str) -> np.ndarray:
        """A whole split as a network sees it, `(rows, ...)`, float32."""
        raw = self.split(split).examples
        if self.preprocessor is None:
            return raw.astype("float32")
        parts = [self.preprocessor(raw[i : i + 8192]).numpy() for i in range(0, len(raw), 8192)]
        return np.concatenate(parts)

    def training_batches(
        self, batch_size: int, *, seed: int = 0, first_epoch: int = 0, steps_per_call: int | None = 1
    ) -> tuple[tf.data.Dataset, int, int]:
        """An endless dataset of shuffled batches of `x` alone, the steps per epoch and per call.

        Each epoch's order follows from the seed and the number of the epoch, so that a training
        resumed at `first_epoch` sees what an uninterrupted one would have seen. The rows that do
        not fill a batch are left out, others in each epoch.

        An epoch is a whole number of calls: `fit` with `steps_per_execution` runs every call to its
        end, so 90 steps in calls of 64 would be 128 steps, more than an epoch of the data (measured
        on Keras 3.15). The few batches too many for that are left out too, others in each epoch.

        Args:
            batch_size: examples per batch.
            seed: of the order.
            first_epoch: the number of the first epoch, from 0.
            steps_per_call: steps that one call of a compiled function will take; `None` takes an
                epoch, in equal calls of at most 256 steps, so that Ctrl-C is answered.
        """
        rows = len(self.train)
        if rows < batch_size:
            raise ValueError(
                f"`batch_size` must not exceed the {rows} rows of the training split, received "
                f"{batch_size}; use --batch-size {rows} or less."
            )
        raw = tf.constant(self.train.examples)
        steps = rows // batch_size
        per_call = steps // -(-steps // 256) if steps_per_call is None else min(steps_per_call, steps)
        steps -= steps % per_call
        to_x: Callable[[Any], Any] = self.preprocessor or (lambda part: tf.cast(part, tf.float32))

        def order(epoch: Any) -> tf.data.Dataset:
            shuffled = tf.random.experimental.stateless_shuffle(
                tf.range(rows), seed=tf.stack([tf.cast(seed, tf.int64), epoch])
            )
            batches = tf.reshape(shuffled[: steps * batch_size], (steps, batch_size))
            return tf.data.Dataset.from_tensor_slices(batches)

        epochs = tf.data.Dataset.range(first_epoch, np.iinfo(np.int64).max)
        dataset = epochs.flat_map(order)
        dataset = dataset.map(
            lambda index: to_x(tf.gather(raw, index)), num_parallel_calls=1, deterministic=True
        )
        return dataset.prefetch(8), steps, per_call

    def validation_batches(self, most: int = 2048) -> tf.data.Dataset:
        """The validation split in as few batches of equal size as memory allows."""
        x = self.x("validation")
        parts = -(-len(x) // most)
        return tf.data.Dataset.from_tensor_slices(x).batch(-(-len(x) // parts)).cache()


def check_examples(array: np.ndarray, where: str) -> np.ndarray:
    """The array if a network can be trained on it.

    Raises:
        TypeError: for objects or strings.
        ValueError: for fewer than two rows, no features, NaN or infinity.
    """
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"Expected real numbers in {where}, received an array of dtype {array.dtype}; convert it "
            "to floats or integers first."
        )
    if array.ndim < 2:
        raise ValueError(
            f"Expected rows of features in {where}, received an array of shape {array.shape}; "
            "reshape it to (rows, features)."
        )
    if len(array) < 2 or 0 in array.shape:
        raise ValueError(f"Expected at least 2 rows with features in {where}, received shape {array.shape}.")
    if array.dtype.kind == "f":
        flat = array.reshape(len(array), -1)
        bad = ~np.isfinite(flat)
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise ValueError(
                f"Expected finite numbers in {where}, received {int(bad.sum())} NaN or infinite "
                f"values, the first at row {row}, column {column} (counted from 0); remove or fill "
                "them."
            )
    return array


def make_data(
    name: str,
    spec: Spec,
    examples: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    validation_examples: Split | None = None,
    test_examples: Split | None = None,
    validation: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """Data from rows, with the splits that are missing drawn by a seed.

    Args:
        name: of the source.
        spec: what one example is.
        examples: raw rows, to train on and to draw missing splits from.
        labels: of the rows, or `None`.
        validation_examples: a validation split of its own, or `None` to draw one.
        test_examples: a test split of its own, or `None` to draw one.
        validation: share of the rows left by the test split, in (0, 1).
        test: share of all rows, in (0, 1).
        seed: of the draw.

    Raises:
        ValueError: for a share out of range, or too few rows.
    """
    for key, share in (("validation", validation), ("test", test)):
        if not 0 < share < 1:
            raise ValueError(f"`{key}` must be in (0, 1), a share of the rows; received {share!r}.")
    if labels is not None and len(labels) != len(examples):
        raise ValueError(f"Expected a label for each of the {len(examples)} rows, received {len(labels)}.")
    order = np.random.default_rng(seed).permutation(len(examples))
    everything = Split(examples, labels)
    if test_examples is None:
        count = max(1, round(test * len(order)))
        test_examples, order = everything.rows(order[:count]), order[count:]
    if validation_examples is None:
        count = max(1, round(validation * len(order)))
        validation_examples, order = everything.rows(order[:count]), order[count:]
    if len(order) < 2:
        raise ValueError(
            f"Expected at least 4 rows for a training, a validation and a test split, received "
            f"{len(examples)}."
        )
    return Data(name, spec, everything.rows(np.sort(order)), validation_examples, test_examples)


def array_spec(array: np.ndarray) -> Spec:
    """The spec of raw rows: 8-bit and boolean arrays have a known range, others have none."""
    low, high = {"uint8": (0.0, 255.0), "bool": (0.0, 1.0)}.get(str(array.dtype), (None, None))
    shape = array.shape[1:]
    if array.ndim == 3:
        shape = (*shape, 1)
    kind = "image" if array.ndim in (3, 4) else "vector"
    return Spec(kind, tuple(int(n) for n in shape), str(array.dtype), low, high)
