"""StoredTable: the rows of a table too large for memory, in a file of their own."""

import dataclasses
import hashlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import tensorflow as tf

from kerasae.data._split import Split, drawn_rows, join_labels
from kerasae.data.tables._stored_x import read_x, windows
from kerasae.files import whole_file
from kerasae.preprocessing import Preprocessor


@dataclasses.dataclass(frozen=True)
class StoredTable:
    """Typed rows in an Arrow file: a streamed split.

    Args:
        path: Path of the file.
        count: Number of rows.
        home: Temporary folder of the file. It is deleted with the last split in it.
        labels: Labels of the rows, `(rows,)`. Defaults to `None`.
    """

    path: Path
    count: int
    home: tempfile.TemporaryDirectory
    labels: np.ndarray | None = None

    streamed = True
    block = 1

    def __len__(self) -> int:
        return self.count

    @property
    def examples(self) -> pd.DataFrame:
        """All rows, loaded into memory."""
        return pd.concat([*self.chunks()]) if self.count else pd.DataFrame()

    def head(self, count: int) -> pd.DataFrame:
        """Return the first rows."""
        parts, rows = [], 0
        for chunk in self.chunks():
            parts.append(chunk)
            rows += len(chunk)
            if rows >= count:
                break
        return pd.concat(parts).iloc[:count] if parts else pd.DataFrame()

    def rows(self, index: np.ndarray) -> Split:
        """Return some of the rows in memory, by their numbers in rising order."""
        parts, start = [], 0
        for chunk in self.chunks():
            parts.append(chunk.iloc[index[(index >= start) & (index < start + len(chunk))] - start])
            start += len(chunk)
        return Split(
            pd.concat(parts) if parts else pd.DataFrame(), None if self.labels is None else self.labels[index]
        )

    def drawn(self, most: int, seed: int = 0) -> Split:
        """Return at most `most` rows in memory, drawn without replacement, in the order of the split."""
        return self.rows(drawn_rows(self.count, most, seed))

    def chunks(self, size: int = 8192) -> Iterator[pd.DataFrame]:
        """Give all rows in order, at most `size` at a time."""
        if not self.count:
            return
        with pa.OSFile(str(self.path), "rb") as file, pa.ipc.open_stream(file) as reader:
            for batch in reader:
                for start in range(0, len(batch), size):
                    yield batch.slice(start, size).to_pandas()

    def apart(self) -> "StoredTable":
        """Return this split, whose rows do not overlap."""
        return self

    def shuffled(
        self, preprocessor: Preprocessor, batch_size: int, steps: int, seed: int, first_epoch: int
    ) -> "tf.data.Dataset[Any]":
        """Return batches like `Split.shuffled`, from `x` that is stored once.

        Blocks of 256 rows are shuffled in each epoch, and the rows of 256 blocks are mixed at a time.
        """
        where, shape = self._store_x(preprocessor)

        def batches() -> Iterator[np.ndarray]:
            epoch = first_epoch
            while True:
                left = steps
                waiting = np.empty((0, *shape), "float32")
                for window in windows(where, self.count, shape, np.random.default_rng([seed, epoch])):
                    waiting = np.concatenate([waiting, window])
                    whole = min(left, len(waiting) // batch_size)
                    for number in range(whole):
                        yield waiting[number * batch_size : (number + 1) * batch_size]
                    waiting = waiting[whole * batch_size :]
                    left -= whole
                epoch += 1

        signature = tf.TensorSpec((batch_size, *shape), tf.float32)
        return tf.data.Dataset.from_generator(batches, output_signature=signature).prefetch(8)

    def in_order(self, preprocessor: Preprocessor, most: int = 2048) -> "tf.data.Dataset[Any]":
        """Return batches like `Split.in_order`. Rows are read again in each pass."""
        where, shape = self._store_x(preprocessor)

        def batches() -> Iterator[np.ndarray]:
            for start in range(0, self.count, most):
                yield read_x(where, start, min(most, self.count - start), shape)

        signature = tf.TensorSpec((None, *shape), tf.float32)
        dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
        # Otherwise Keras counts the batches in the first pass and warns in the second.
        return dataset.apply(tf.data.experimental.assert_cardinality(-(-self.count // most)))

    def joined(self, other: "StoredTable") -> "StoredTable":
        """Return the rows of this split, followed by those of another, in a new file."""
        writer = TableWriter(self.home, f"{self.path.stem}+{other.path.stem}")
        for split in (self, other):
            for chunk in split.chunks():
                writer.write(chunk)
        return writer.split(join_labels(self, other))

    def _store_x(self, preprocessor: Preprocessor) -> tuple[Path, tuple[int, ...]]:
        """Store `x` in a file, float32, row by row; return the file and the shape of a row."""
        fitted = json.dumps(preprocessor.get_config(), sort_keys=True, default=str)
        where = self.path.with_suffix(f".{hashlib.sha256(fitted.encode()).hexdigest()[:16]}.x")
        if not where.is_file():
            with whole_file(where) as new, new.open("wb") as file:
                for chunk in self.chunks():
                    preprocessor.to_x(chunk).tofile(file)
        return where, preprocessor.spec.shape


class TableWriter:
    """Writes rows into an Arrow file, block by block, and returns the split.

    Args:
        home: Temporary folder.
        name: Name of the split.
    """

    def __init__(self, home: tempfile.TemporaryDirectory, name: str) -> None:
        self._home, self._path = home, Path(home.name) / f"{name}.arrow"
        self._sink: Any = None
        self._count = 0

    def write(self, frame: pd.DataFrame) -> None:
        """Add rows. A column of integers becomes one of floats with the first block that has floats."""
        if not len(frame):
            return
        batch = pa.RecordBatch.from_pandas(frame, preserve_index=True)
        if self._sink is None:
            self._first = frame.head(1)
            self._open(batch.schema)
        wider = [
            old.name
            for old, new in zip(self._schema, batch.schema, strict=True)
            if pa.types.is_integer(old.type) and pa.types.is_floating(new.type)
        ]
        if wider:
            self._widen(self._first.astype({name: frame[name].dtype for name in wider}))
        self._sink.write_batch(batch.cast(self._schema))
        self._count += len(frame)

    def _open(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._file = pa.OSFile(str(self._path), "wb")
        self._sink = pa.ipc.new_stream(self._file, schema)

    def _widen(self, first: pd.DataFrame) -> None:
        """Write the existing rows again, in the types of `first`."""
        self._close()
        self._first, old = first, self._path.with_suffix(".old")
        self._path.rename(old)
        self._open(pa.RecordBatch.from_pandas(first, preserve_index=True).schema)
        with pa.OSFile(str(old), "rb") as file, pa.ipc.open_stream(file) as reader:
            for batch in reader:
                self._sink.write_batch(batch.cast(self._schema))
        old.unlink()

    def _close(self) -> None:
        self._sink.close()
        self._file.close()

    def split(self, labels: np.ndarray | None) -> StoredTable:
        """Close the file and return the split. No rows can be added afterwards.

        Args:
            labels: Labels of the rows that were written, or `None`.
        """
        if self._sink is not None:
            self._close()
        return StoredTable(self._path, self._count, self._home, labels)
