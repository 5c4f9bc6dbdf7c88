"""Windows: the windows of a log as examples, gathered when they are needed."""

import dataclasses
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from kerasae.data._split import drawn_rows, shuffled_indices
from kerasae.data.series._logs import Log
from kerasae.data.series._starts import Starts
from kerasae.preprocessing import Preprocessor

#: Bytes of all windows of a split above which they are read part by part.
_LARGE = 2**29
#: Number of successive windows that are read together, and of such blocks that are mixed at a time.
_BLOCK, _MIXED = 256, 64
#: Largest number of rows that are read at once, beside those of one window.
_SPAN = 2**16


@dataclasses.dataclass(frozen=True)
class Windows:
    """Windows of a log, `(rows, steps, channels)`: a split whose examples overlap.

    The log is kept once, in memory or in a file, and a window is gathered when it is needed.

    Args:
        log: Log with the readings.
        steps: Number of readings of each channel in a window.
        starts: Rows of the log at which windows begin.
        numbers: Numbers of the chosen windows among those of `starts`, `(rows,)`. Defaults to `None`, all in
            order.
    """

    log: Log
    steps: int
    starts: Starts
    numbers: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.starts) if self.numbers is None else len(self.numbers)

    @cached_property
    def streamed(self) -> bool:
        """Whether the windows are read part by part: those of a stored log, and very many."""
        size = len(self) * self.steps * len(self.log.channels) * np.dtype(self.log.dtype).itemsize
        return self.log.readings.in_memory is None or size > _LARGE

    @cached_property
    def block(self) -> int:
        """Number of successive windows that share readings with one, itself included, from 1."""
        if self.numbers is None:
            return self.starts.overlapping(self.steps)
        firsts = np.sort(self._first_rows(0, len(self)))
        ends = np.searchsorted(firsts, firsts + self.steps)
        return int((ends - np.arange(len(firsts))).max(initial=1))

    @property
    def labels(self) -> np.ndarray | None:
        """Label of the last reading of each window, `(rows,)`, or `None`. A training never sees them."""
        return self.log.labels_of(self.last_rows())

    @property
    def examples(self) -> np.ndarray:
        """All windows, loaded into memory."""
        return self._gathered(0, len(self))

    def last_rows(self) -> np.ndarray:
        """Return the row of the log with the last reading of each window, `(rows,)`."""
        return self._first_rows(0, len(self)) + self.steps - 1

    @cached_property
    def stretches(self) -> np.ndarray:
        """Number of the stretch of the log in which each window lies, `(rows,)`."""
        return self.log.stretch_of(self.last_rows())

    @cached_property
    def times(self) -> np.ndarray:
        """Time stamp of the last reading of each window, `(rows,)`, datetime64[ns]; UTC if zoned."""
        return self.log.times_of(self.last_rows())

    @property
    def several(self) -> bool:
        """Whether the log has several recordings."""
        return len({stretch.recording for stretch in self.log.stretches}) > 1

    @property
    def recordings(self) -> np.ndarray:
        """Name of the recording of each window, `(rows,)`."""
        return self.log.recordings_of(self.last_rows())

    @property
    def stamps(self) -> list[str]:
        """Name of each window: the time stamp of its last reading, after the recording if several."""
        stamps = self.log.stamps_of(self.last_rows())
        if not self.several:
            return stamps
        return [f"{recording} {stamp}" for recording, stamp in zip(self.recordings, stamps, strict=True)]

    def head(self, count: int) -> np.ndarray:
        """Return the first windows."""
        return self._gathered(0, min(count, len(self)))

    def rows(self, index: Any) -> "Windows":
        """Return some of the windows by their numbers."""
        numbers = np.arange(len(self))[index] if self.numbers is None else self.numbers[index]
        return dataclasses.replace(self, numbers=numbers)

    def drawn(self, most: int, seed: int = 0) -> "Windows":
        """Return at most `most` windows, drawn without replacement, in the order of the split."""
        return self if len(self) <= most else self.rows(drawn_rows(len(self), most, seed))

    def chunks(self, size: int = 8192) -> Iterator[np.ndarray]:
        """Give all windows in order, at most `size` at a time."""
        for start in range(0, len(self), size):
            yield self._gathered(start, min(start + size, len(self)))

    def apart(self) -> "Windows":
        """Return windows that do not overlap, but for the last one of a stretch, and hold every reading."""
        return (
            self
            if self.numbers is not None
            else dataclasses.replace(self, starts=self.starts.apart(self.steps))
        )

    def shuffled(
        self, preprocessor: Preprocessor, batch_size: int, steps: int, seed: int, first_epoch: int
    ) -> "tf.data.Dataset[Any]":
        """Return endless batches of `x`, `steps` in each epoch. The order follows from seed and epoch.

        Of a stored log, blocks of 256 successive windows are shuffled in each epoch, and the windows of 64
        blocks are mixed at a time.
        """
        readings = self.log.readings.in_memory
        if readings is None:
            return self._mixed(preprocessor, batch_size, steps, seed, first_epoch)
        firsts = tf.constant(self._first_rows(0, len(self)))
        order = shuffled_indices(len(self), batch_size, steps, seed, first_epoch)
        gather = self._gather(readings, preprocessor)
        return order.map(
            lambda index: gather(tf.gather(firsts, index)), num_parallel_calls=1, deterministic=True
        ).prefetch(8)

    def in_order(self, preprocessor: Preprocessor, most: int = 2048) -> "tf.data.Dataset[Any]":
        """Return all of `x` in as few batches of equal size as possible."""
        parts = -(-len(self) // most)
        size = -(-len(self) // parts)
        readings = self.log.readings.in_memory
        if readings is not None:
            firsts = tf.data.Dataset.from_tensor_slices(self._first_rows(0, len(self))).batch(size)
            batches = firsts.map(self._gather(readings, preprocessor))
            return batches if self.streamed else batches.cache()

        def read() -> Iterator[np.ndarray]:
            for raw in self.chunks(size):
                yield preprocessor.to_x(raw)

        signature = tf.TensorSpec((None, *preprocessor.spec.shape), tf.float32)
        dataset = tf.data.Dataset.from_generator(read, output_signature=signature)
        return dataset.apply(tf.data.experimental.assert_cardinality(parts))

    def joined(self, other: "Windows") -> "Windows":
        """Return the windows of this split, followed by those of another split of the same log."""
        if self.numbers is None and other.numbers is None:
            return dataclasses.replace(self, starts=self.starts.joined(other.starts))
        ours, theirs = (
            np.arange(len(split)) if split.numbers is None else split.numbers for split in (self, other)
        )
        return dataclasses.replace(
            self,
            starts=self.starts.joined(other.starts),
            numbers=np.concatenate([ours, theirs + len(self.starts)]),
        )

    # Readings ------------------------------------------------------------------------------------

    def _first_rows(self, start: int, stop: int) -> np.ndarray:
        numbers = np.arange(start, stop) if self.numbers is None else self.numbers[start:stop]
        return self.starts.at(numbers)

    def _gathered(self, start: int, stop: int) -> np.ndarray:
        """Return the windows from one number to another, `(rows, steps, channels)`."""
        firsts = self._first_rows(start, stop)
        shape = (len(firsts), self.steps, len(self.log.channels))
        if not len(firsts):
            return np.empty(shape, self.log.dtype)
        windows = np.empty(shape, self.log.dtype)
        # Windows that lie near each other are read together, and not the rows between far ones. No reading
        # spans more than `_SPAN` rows: a few windows drawn from a long log would read all of it at once.
        far = np.abs(np.diff(firsts)) > _BLOCK * self.steps
        apart = np.flatnonzero(far | (np.diff(firsts // _SPAN) != 0)) + 1
        for part in np.split(np.arange(len(firsts)), apart):
            low = int(firsts[part].min())
            span = self.log.readings.read(low, int(firsts[part].max()) - low + self.steps)
            windows[part] = span[firsts[part, None] - low + np.arange(self.steps)]
        return windows

    def _gather(self, readings: np.ndarray, preprocessor: Preprocessor) -> Any:
        """Return a function for a graph from first rows to `x`."""
        raw, steps = tf.constant(readings), tf.range(self.steps, dtype=tf.int64)
        return lambda firsts: preprocessor(tf.gather(raw, firsts[:, None] + steps))

    def _mixed(
        self, preprocessor: Preprocessor, batch_size: int, steps: int, seed: int, first_epoch: int
    ) -> "tf.data.Dataset[Any]":
        shape = preprocessor.spec.shape

        def batches() -> Iterator[np.ndarray]:
            epoch = first_epoch
            while True:
                left = steps
                waiting = np.empty((0, *shape), "float32")
                for raw in self._blocks(np.random.default_rng([seed, epoch])):
                    waiting = np.concatenate([waiting, preprocessor.to_x(raw)])
                    whole = min(left, len(waiting) // batch_size)
                    for number in range(whole):
                        yield waiting[number * batch_size : (number + 1) * batch_size]
                    waiting = waiting[whole * batch_size :]
                    left -= whole
                epoch += 1

        signature = tf.TensorSpec((batch_size, *shape), tf.float32)
        return tf.data.Dataset.from_generator(batches, output_signature=signature).prefetch(8)

    def _blocks(self, draw: np.random.Generator) -> Iterator[np.ndarray]:
        """Give all windows once, some blocks at a time, mixed."""
        starts = draw.permutation(np.arange(0, len(self), _BLOCK))
        for position in range(0, len(starts), _MIXED):
            chosen = starts[position : position + _MIXED]
            mixed = np.concatenate([self._gathered(one, min(one + _BLOCK, len(self))) for one in chosen])
            yield mixed[draw.permutation(len(mixed))]
