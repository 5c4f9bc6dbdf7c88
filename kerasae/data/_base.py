"""Data: a spec and four splits, labels kept apart."""

import dataclasses
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from kerasae.data._source import Source
from kerasae.data._split import Examples, Split
from kerasae.kinds import concatenate, take
from kerasae.preprocessing import Preprocessor
from kerasae.preprocessing.identity import Identity
from kerasae.spec import Spec

#: In the order in which a row passes through them: to learn from, to choose by, to promise by, to report.
SPLITS = ("train", "validation", "calibration", "test")
#: A split without rows, where a source or a training leaves none.
NO_ROWS = Split(np.empty((0, 0), "float32"))


@dataclasses.dataclass(frozen=True)
class Data:
    """What a source returns: raw examples in four splits, and what one example is.

    Arrays stay in memory in their raw type; batches are scaled on the way. Folders of images and
    tables too large for memory are streamed. Labels never reach a training: they are for evaluation.

    Args:
        name: of the source, for titles.
        spec: what one raw example is.
        train: rows to train on.
        validation: rows that choose: the epoch, the trial of a search, a setting of an application.
        test: rows for figures that are reported, and for nothing else.
        preprocessor: fitted on the training split; `None` until then.
        skipped: what could not be read and was left out on request, a line each.
        source: what the rows were read from, where a recipe read them.
        calibration: rows that promises about new rows are found from: thresholds, p-values, intervals.
            No training, no choice and no preprocessor sees them, so they are to a model what new rows
            are. There may be none; then nothing can be promised.
    """

    name: str
    spec: Spec
    train: Examples
    validation: Examples
    test: Examples
    preprocessor: Preprocessor | None = None
    skipped: tuple[str, ...] = ()
    source: Source | None = None
    calibration: Examples = NO_ROWS

    @property
    def rows(self) -> dict[str, int]:
        """Number of rows by split."""
        return {name: len(self.split(name)) for name in SPLITS}

    def split(self, name: str) -> Examples:
        """The split of a name: train, validation, calibration or test."""
        if name not in SPLITS:
            raise ValueError(f"`split` must be one of {', '.join(SPLITS)}, received {name!r}.")
        return getattr(self, name)

    def drawn(self, split: str, most: int, seed: int = 0) -> "Data":
        """The same data with at most `most` rows of a split, drawn without replacement."""
        fewer: dict[str, Any] = {split: self.split(split).drawn(most, seed)}
        return dataclasses.replace(self, **fewer)

    @property
    def streamed(self) -> bool:
        """Whether the examples are read part by part."""
        return self.train.streamed

    def examples_at(self, numbers: Any, splits: Sequence[str] = ("test",)) -> Any:
        """Raw examples by their numbers.

        Args:
            numbers: Numbers of the rows, counted through the splits from 0, in any order; a number may come
                several times.
            splits: Names of the splits.

        Returns:
            The raw examples in the order of the numbers.
        """
        unique, places = np.unique(np.asarray(numbers, int), return_inverse=True)
        parts, start = [], 0
        for split in map(self.split, splits):
            here = unique[(unique >= start) & (unique < start + len(split))] - start
            if len(here) or not len(unique):
                parts.append(split.rows(here).examples)
            start += len(split)
        return take(concatenate(parts), places)

    def with_preprocessor(self, preprocessor: Preprocessor) -> "Data":
        """The same data seen through a preprocessor, which is fitted on the training split here."""
        fitted = preprocessor.fit_chunks(self.train.chunks)
        return dataclasses.replace(self, preprocessor=fitted, spec=fitted.spec)

    @cached_property
    def _view(self) -> Preprocessor:
        return Identity(self.spec) if self.preprocessor is None else self.preprocessor

    def to_x(self, raw: Any) -> np.ndarray:
        """Raw examples as a network sees them, `(rows, ...)`."""
        return self._view.to_x(raw)

    def x(self, split: str) -> np.ndarray:
        """A whole split as a network sees it, `(rows, ...)`, in memory.

        Of the training and validation rows what a training sees, as in `training_parts`.
        """
        learnt = split in ("train", "validation")
        parts = list(self.training_parts(split)) if learnt else [x for _, x in self.parts(split)]
        return np.concatenate(parts) if parts else np.empty((0, *self.spec.shape), "float32")

    def parts(self, split: str, size: int = 8192) -> Iterator[tuple[Any, np.ndarray]]:
        """A split part by part, in order: raw examples and `x`."""
        for raw in self.split(split).chunks(size):
            yield raw, self.to_x(raw)

    def training_parts(self, split: str, size: int = 8192) -> Iterator[np.ndarray]:
        """`x` of a split part by part as a training sees it: gross errors cut to the reach of the others."""
        for _, x in self.parts(split, size):
            yield x if self._view.reach is None else np.clip(x, *self._view.reach)

    def usual(self, raw: Any) -> np.ndarray:
        """Whether raw examples are without gross errors, `(rows,)`, bool."""
        if self._view.reach is None:
            return np.ones(len(raw), bool)
        low, high = self._view.reach
        x = self.to_x(raw)
        return np.logical_not(((x < low) | (x > high)).reshape(len(x), -1).any(axis=1))

    def usual_examples(self, split: str, most: int) -> Any:
        """At most `most` raw examples of a split, drawn without replacement, none with gross errors."""
        rows = self.split(split).drawn(most)
        if self._view.reach is None:
            return rows.examples
        return rows.rows(np.flatnonzero(self.usual(rows.examples))).examples

    def joined(self) -> "Data":
        """The same data with the rows of the validation split among those to train on.

        The validation split is empty then: a row that was trained on chooses nothing.
        """
        if not len(self.validation):
            return self
        return dataclasses.replace(self, train=self.train.joined(self.validation), validation=NO_ROWS)

    def with_choices(self) -> "Data":
        """The same data with rows in the validation split, to choose a setting by.

        After a training on the validation split there are none. Then every second calibration row
        becomes a validation row, so that no choice is made on rows that were trained on, and no promise
        rests on a row that made a choice. Without calibration rows the data stay as they are.
        """
        if len(self.validation) or len(self.calibration) < 2:
            return self
        numbers = np.arange(len(self.calibration))
        return dataclasses.replace(
            self,
            validation=self.calibration.rows(numbers[::2]),
            calibration=self.calibration.rows(numbers[1::2]),
        )

    @cached_property
    def mean(self) -> np.ndarray:
        """The mean of `x` over the training split, float64, where `x` are numbers."""
        total = sum(x.sum(axis=0, dtype="float64") for x in self.training_parts("train"))
        return np.asarray(total / len(self.train))

    def bounds(self, split: str) -> tuple[float, float]:
        """The least and the greatest number in `x` of a split."""
        found = np.array([(x.min(), x.max()) for _, x in self.parts(split)])
        return float(found[:, 0].min()), float(found[:, 1].max())

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
            batch_size: examples per batch; all rows where there are fewer.
            seed: of the order.
            first_epoch: the number of the first epoch, from 0.
            steps_per_call: steps that one call of a compiled function will take; `None` takes an
                epoch, in equal calls of at most 256 steps, so that Ctrl-C is answered.
        """
        rows = len(self.train)
        batch_size = min(batch_size, rows)
        steps = rows // batch_size
        per_call = steps // -(-steps // 256) if steps_per_call is None else min(steps_per_call, steps)
        steps -= steps % per_call
        batches = self._within_reach(self.train.shuffled(self._view, batch_size, steps, seed, first_epoch))
        if self._view.resampled:
            # Numbered from the first epoch, so that a resumed training draws the same.
            first = first_epoch * steps
            batches = batches.enumerate(first).map(
                lambda number, x: self._view.augment(x, tf.stack([tf.cast(seed, tf.int64), number]))
            )
        return batches, steps, per_call

    def validation_batches(self, most: int = 2048) -> tf.data.Dataset:
        """The validation split, once and in order, at most so many rows in a batch."""
        batches = self._within_reach(self.validation.in_order(self._view, most))
        if self._view.dequantize:
            # The same noise in each epoch.
            batches = batches.enumerate().map(
                lambda number, x: self._view.dequantized(x, tf.stack([-tf.ones_like(number), number]))
            )
        return batches

    def _within_reach(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """Batches of `x` with gross errors cut to the reach of the others."""
        if self._view.reach is None:
            return batches
        low, high = self._view.reach

        def cut(x: Any) -> Any:
            # Unlike minimum and maximum it leaves NaN what it is on every device.
            return tf.where(x < low, low, tf.where(x > high, high, x))

        return batches.map(cut)


def check_examples(array: np.ndarray, where: str, least: int = 2) -> np.ndarray:
    """The array if a network can be trained on it.

    Args:
        array: of examples.
        where: they are, for the error.
        least: rows that there must be.

    Raises:
        TypeError: for objects or strings.
        ValueError: for too few rows, no features, NaN or infinity.
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
    if len(array) < least or 0 in array.shape:
        raise ValueError(
            f"Expected at least {least} row{'s' * (least > 1)} with features in {where}, received shape "
            f"{array.shape}."
        )
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
    calibration_examples: Split | None = None,
    test_examples: Split | None = None,
    validation: float = 0.1,
    calibration: float = 0.1,
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
        calibration_examples: a calibration split of its own, or `None` to draw one.
        test_examples: a test split of its own, or `None` to draw one.
        validation: share of the rows left by the test split, in (0, 1).
        calibration: share of the rows left by the test split, in [0, 1); 0 for no such rows.
        test: share of all rows, in (0, 1); 1 for all rows, in their order.
        seed: of the draw.

    Raises:
        ValueError: for a share out of range, or too few rows.
    """
    if labels is not None and len(labels) != len(examples):
        raise ValueError(f"Expected a label for each of the {len(examples)} rows, received {len(labels)}.")
    own = {"validation": validation_examples, "calibration": calibration_examples, "test": test_examples}
    given = {key: split for key, split in own.items() if split is not None}
    drawn = draw_splits(len(examples), validation, calibration, test, seed, given=given)
    everything = Split(examples, labels)
    splits: dict[str, Any] = {**{key: everything.rows(part) for key, part in drawn.items()}, **given}
    return Data(name, spec, **splits)


def draw_splits(
    rows: int,
    validation: float,
    calibration: float,
    test: float,
    seed: int,
    *,
    given: Collection[str] = (),
    where: str = "",
) -> dict[str, np.ndarray]:
    """Row numbers by split: `train` in order, the others as they were drawn.

    The test split is drawn first, then the validation split, then the calibration split, so that each
    is the same whatever the shares of those behind it are. Few rows may leave no calibration split: its
    share of them is rounded, and half a row is none.

    Args:
        rows: to divide.
        validation: share of the rows left by the test split, in (0, 1).
        calibration: share of the rows left by the test split, in [0, 1); 0 for none.
        test: share of all rows, in (0, 1); 1 for all rows, in their order, and none in the others.
        seed: of the draw.
        given: splits that there are already, of which none is drawn.
        where: they are, for the error.

    Raises:
        ValueError: for a share out of range, or too few rows.
    """
    if test == 1 and "test" not in given:
        return {key: np.arange(rows if key == "test" else 0) for key in SPLITS}
    for key, share in (("validation", validation), ("test", test)):
        if isinstance(share, bool) or not 0 < share < 1:
            raise ValueError(f"`{key}` must be in (0, 1), a share of the rows; received {share!r}.")
    if isinstance(calibration, bool) or not 0 <= calibration < 1:
        raise ValueError(
            f"`calibration` must be in [0, 1), a share of the rows, or 0 for none; received {calibration!r}."
        )
    # The numbers that `permutation(rows)` draws, in half the memory: there may be millions of rows.
    order = np.arange(rows, dtype="int32" if rows < 2**31 else "int64")
    np.random.default_rng(seed).shuffle(order)
    counts = {"test": max(1, round(test * rows)) if "test" not in given else 0}
    left = rows - counts["test"]
    counts["validation"] = max(1, round(validation * left)) if "validation" not in given else 0
    counts["calibration"] = round(calibration * left) if "calibration" not in given else 0
    if left - min(counts["validation"], 1) < 2:
        raise ValueError(
            f"Expected at least 4 rows for a training, a validation and a test split{where}, received {rows}."
        )
    if left - counts["validation"] - counts["calibration"] < 2:
        raise ValueError(
            f"Expected shares that leave at least 2 of {rows} rows to train on{where}, received "
            f"validation={validation}, calibration={calibration} and test={test}; lower one of them."
        )
    drawn = {}
    for key, count in counts.items():
        drawn[key], order = order[:count], order[count:]
    order.sort()
    return {"train": order, **drawn}


def array_spec(array: np.ndarray) -> Spec:
    """The spec of raw rows: 8-bit and boolean arrays have a known range, others have none."""
    low, high = {"uint8": (0.0, 255.0), "bool": (0.0, 1.0)}.get(str(array.dtype), (None, None))
    shape = array.shape[1:]
    if array.ndim == 3:
        shape = (*shape, 1)
    kind = "image" if array.ndim in (3, 4) else "vector"
    return Spec(kind, tuple(int(n) for n in shape), str(array.dtype), low, high)
