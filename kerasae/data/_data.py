"""Data: a spec and four splits, with labels kept apart."""

import dataclasses
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from kerasae.data._drawing import SPLITS
from kerasae.data._source import Source
from kerasae.data._split import Examples, Split
from kerasae.kinds import concatenate, take
from kerasae.preprocessing import Preprocessor
from kerasae.preprocessing.identity import Identity
from kerasae.spec import Spec

#: A split without rows.
NO_ROWS = Split(np.empty((0, 0), "float32"))


@dataclasses.dataclass(frozen=True)
class Data:
    """Raw examples in four splits, and the description of one example. Every source returns this.

    Arrays stay in memory in their raw type, and batches are scaled when they are drawn. Folders of images,
    and tables too large for memory, are streamed. Labels never reach a training; they are for evaluation.

    Args:
        name: Name of the source, for titles.
        spec: Description of one raw example.
        train: Rows to train on.
        validation: Rows for choices: the epoch, the trial of a search, a setting of an application.
        test: Rows for reported figures, and for nothing else.
        preprocessor: Preprocessor fitted on the training split. Defaults to `None`, for raw data.
        skipped: Rows or files that could not be read and were left out on request, one line each. Defaults
            to none.
        source: Files that a recipe read the rows from. Defaults to `None`.
        calibration: Rows for promises about new rows: thresholds, p-values, intervals. No training, no choice
            and no preprocessor sees them, so a model knows them as little as it knows new rows. Defaults to
            no rows; then no promise can be made.
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
        """The number of rows by split."""
        return {name: len(self.split(name)) for name in SPLITS}

    def split(self, name: str) -> Examples:
        """Return the split of a name: train, validation, calibration or test."""
        if name not in SPLITS:
            raise ValueError(f"`split` must be one of {', '.join(SPLITS)}, received {name!r}.")
        return getattr(self, name)

    def drawn(self, split: str, most: int, seed: int = 0) -> "Data":
        """Return the same data with at most `most` rows of a split, drawn without replacement."""
        fewer: dict[str, Any] = {split: self.split(split).drawn(most, seed)}
        return dataclasses.replace(self, **fewer)

    @property
    def streamed(self) -> bool:
        """Whether the examples are read part by part, and not kept in memory."""
        return self.train.streamed

    def examples_at(self, numbers: Any, splits: Sequence[str] = ("test",)) -> Any:
        """Return raw examples by their numbers.

        Args:
            numbers: Numbers of the rows, counted through the splits from 0, in any order. A number may be
                repeated.
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
        """Fit a preprocessor on the training split and return the same data seen through it."""
        fitted = preprocessor.fit_chunks(self.train.apart().chunks)
        return dataclasses.replace(self, preprocessor=fitted, spec=fitted.spec)

    def seen_through(self, preprocessor: Preprocessor) -> "Data":
        """Return the same data seen through a preprocessor that is fitted already."""
        return dataclasses.replace(self, preprocessor=preprocessor, spec=preprocessor.spec)

    @cached_property
    def _view(self) -> Preprocessor:
        return Identity(self.spec) if self.preprocessor is None else self.preprocessor

    def to_x(self, raw: Any) -> np.ndarray:
        """Return raw examples as a network sees them, `(rows, ...)`."""
        return self._view.to_x(raw)

    def to_raw(self, x: Any) -> Any:
        """Return examples as a network gives them, `(rows, ...)`, in raw units."""
        return self._view.restore(x)

    def x(self, split: str) -> np.ndarray:
        """Return a whole split as a network sees it, `(rows, ...)`, in memory.

        Training and validation rows are those that a training sees, as in `training_parts`.
        """
        learnt = split in ("train", "validation")
        parts = list(self.training_parts(split)) if learnt else [x for _, x in self.parts(split)]
        return np.concatenate(parts) if parts else np.empty((0, *self.spec.shape), "float32")

    def parts(self, split: str, size: int = 8192) -> Iterator[tuple[Any, np.ndarray]]:
        """Give a split part by part, in order: raw examples and `x`."""
        for raw in self.split(split).chunks(size):
            yield raw, self.to_x(raw)

    def training_parts(self, split: str, size: int = 8192) -> Iterator[np.ndarray]:
        """Give `x` of a split part by part as a training sees it, with gross errors clipped."""
        for _, x in self.parts(split, size):
            yield self.clipped(x)

    def clipped(self, x: np.ndarray) -> np.ndarray:
        """Return `x` as a training sees it, with gross errors clipped to the usual range."""
        return x if self._view.reach is None else np.clip(x, *self._view.reach)

    def usual(self, raw: Any) -> np.ndarray:
        """Return which raw examples have no gross errors, `(rows,)`, bool."""
        if self._view.reach is None:
            return np.ones(len(raw), bool)
        low, high = self._view.reach
        x = self.to_x(raw)
        return np.logical_not(((x < low) | (x > high)).reshape(len(x), -1).any(axis=1))

    def usual_examples(self, split: str, most: int) -> Any:
        """Return at most `most` raw examples of a split, drawn at random, none with gross errors."""
        rows = self.split(split).drawn(most)
        if self._view.reach is None:
            return rows.examples
        return rows.rows(np.flatnonzero(self.usual(rows.examples))).examples

    def joined(self) -> "Data":
        """Return the same data with the validation rows added to the training rows.

        The validation split is empty then, because a row that was trained on must not choose anything.
        """
        if not len(self.validation):
            return self
        return dataclasses.replace(self, train=self.train.joined(self.validation), validation=NO_ROWS)

    def with_choices(self) -> "Data":
        """Return the same data with rows in the validation split, for the choice of a setting.

        The validation split is empty if a training used its rows. Then every second calibration row becomes a
        validation row. So no choice uses rows that were trained on, and no promise rests on a row that made a
        choice. Of windows that share readings these are the earlier half, and those that share readings with
        it are left out. Without calibration rows the data stay as they are.
        """
        if len(self.validation) or len(self.calibration) < 2:
            return self
        numbers, block = np.arange(len(self.calibration)), self.calibration.block
        choosing, promising = numbers[::2], numbers[1::2]
        if block > 1:
            middle = len(numbers) // 2
            choosing, promising = numbers[:middle], numbers[middle + block - 1 :]
        return dataclasses.replace(
            self, validation=self.calibration.rows(choosing), calibration=self.calibration.rows(promising)
        )

    @cached_property
    def mean(self) -> np.ndarray:
        """The mean of `x` over the training split, float64, if `x` holds numbers."""
        total = sum(x.sum(axis=0, dtype="float64") for x in self.training_parts("train"))
        return np.asarray(total / len(self.train))

    def bounds(self, split: str) -> tuple[float, float]:
        """Return the smallest and the greatest number in `x` of a split."""
        ends = np.array([(np.nanmin(x), np.nanmax(x)) for _, x in self.parts(split)])
        return float(ends[:, 0].min()), float(ends[:, 1].max())

    def training_batches(
        self,
        batch_size: int,
        *,
        seed: int = 0,
        first_epoch: int = 0,
        steps_per_call: int | None = 1,
        prepared: bool = True,
    ) -> "tuple[tf.data.Dataset[Any], int, int]":
        """Return an endless dataset of shuffled batches of `x`, the steps per epoch and the steps per call.

        The order of an epoch follows from the seed and the number of the epoch. So a training resumed at
        `first_epoch` sees what an uninterrupted training would have seen. Rows that do not fill a batch are
        left out, different ones in each epoch.

        An epoch is a whole number of calls, because `fit` with `steps_per_execution` runs every call to its
        end: 90 steps in calls of 64 would be 128 steps, more than an epoch of the data (measured on Keras
        3.15). Batches that do not fill a call are left out too, different ones in each epoch.

        Args:
            batch_size: Number of examples in a batch. All rows form one batch if there are fewer.
            seed: Seed of the order. Defaults to 0.
            first_epoch: Number of the first epoch, from 0. Defaults to 0.
            steps_per_call: Number of steps in one call of a compiled function. `None` divides an epoch into
                equal calls of at most 256 steps, so that Ctrl-C is answered. Defaults to 1.
            prepared: Whether the batches are `x`. If False, they are raw examples, of which `prepare` makes
                `x`; the data must be `prepared_in_steps`. Defaults to True.
        """
        rows = len(self.train)
        batch_size = min(batch_size, rows)
        steps = rows // batch_size
        per_call = steps // -(-steps // 256) if steps_per_call is None else min(steps_per_call, steps)
        steps -= steps % per_call
        if not prepared:
            train: Any = self.train
            return _as_set(train.stored(batch_size, steps, seed, first_epoch)), steps, per_call
        batches = self._within_reach(self.train.shuffled(self._view, batch_size, steps, seed, first_epoch))
        if self._view.resampled:
            # Batches are numbered from the first epoch, so that a resumed training draws the same.
            first = first_epoch * steps
            batches = batches.enumerate(first).map(
                lambda number, x: self._view.augment(x, tf.stack([tf.cast(seed, tf.int64), number]))
            )
        return _as_set(batches), steps, per_call

    @property
    def prepared_in_steps(self) -> bool:
        """Whether a training step can make its `x` of raw examples itself."""
        return (
            isinstance(self.train, Split)
            and self.train.numeric
            and not (self._view.resampled or self._view.draws)
        )

    def prepare(self, raw: Any) -> Any:
        """Return `x` of a batch of raw examples as a training sees it, in a graph."""
        return self._cut(self._view(raw))

    def validation_batches(self, most: int = 2048) -> "tf.data.Dataset[Any]":
        """Return the validation split, once and in order, with at most `most` rows in a batch."""
        batches = self._within_reach(self.validation.in_order(self._view, most))
        if self._view.draws:
            # The draws are the same in each epoch.
            batches = batches.enumerate().map(
                lambda number, x: self._view.drawn(x, tf.stack([-tf.ones_like(number), number]))
            )
        return _as_set(batches)

    def _within_reach(self, batches: "tf.data.Dataset[Any]") -> "tf.data.Dataset[Any]":
        """Return batches of `x` with gross errors clipped to the usual range."""
        return batches if self._view.reach is None else batches.map(self._cut)

    def _cut(self, x: Any) -> Any:
        if self._view.reach is None:
            return x
        low, high = self._view.reach
        # Unlike minimum and maximum, this keeps NaN on every device.
        return tf.where(x < low, low, tf.where(x > high, high, x))


def _as_set(batches: "tf.data.Dataset[Any]") -> "tf.data.Dataset[Any]":
    """Return a dataset whose threads and buffers stay as they are set.

    TensorFlow 2.21 tunes them in a thread that sleeps for up to a minute, and the end of an iterator
    sometimes waits for it: of 24 iterators of numpy functions, one took 8 s to be deleted after 12 s, and
    a training of 87 s ended after 145 s.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.with_options(options)
