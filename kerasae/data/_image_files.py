"""ImageFiles: images that are read from their files when a batch needs them."""

import dataclasses
import functools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kerasae.data._split import drawn_rows, join_labels, shuffled_indices
from kerasae.image_decoding import decode_image, decode_plain
from kerasae.preprocessing import Preprocessor

#: Endings of the names of image files.
SUFFIXES = (".png", ".jpg", ".jpeg")


def image_names(folder: Path) -> Iterator[str]:
    """Give the PNG and JPEG files of a folder and of the folders in it, as paths relative to it."""
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield str((Path(where) / name).relative_to(folder))


def is_image(path: Path) -> bool:
    """Return whether a path is one PNG or JPEG file, judged by its name."""
    return path.suffix.lower() in SUFFIXES and path.is_file()


def accepts(path: Path) -> bool:
    """Return whether a folder holds images."""
    return path.is_dir() and next(image_names(path), None) is not None


def accepts_more(path: Path) -> bool:
    """Return whether a path is an image, or a folder that holds images."""
    return is_image(path) or accepts(path)


def labels_of(names: Sequence[str]) -> np.ndarray | None:
    """Return the first folder of each file as its label, `(rows,)`; `None` if all are the same."""
    tops = [name.partition(os.sep)[0] if os.sep in name else "" for name in names]
    return np.array(tops) if len(set(tops)) > 1 else None


@dataclasses.dataclass(frozen=True)
class ImageFiles:
    """Images that are read from their files when a batch needs them: a streamed split.

    Args:
        folder: Folder of the images.
        names: Names of the files relative to the folder, as bytes in the encoding of the file system.
        orientations: Orientations of the files, 1 to 8 as in EXIF, uint8.
        plain: Whether a file holds the numbers of its example as they are, which needs less to decode it.
        shape: Shape of an example: height, width, channels.
        labels: Labels of the files, `(rows,)`. Defaults to `None`.
    """

    folder: str
    names: np.ndarray
    orientations: np.ndarray
    plain: np.ndarray
    shape: tuple[int, ...]
    labels: np.ndarray | None = None

    streamed = True
    block = 1

    def __len__(self) -> int:
        return len(self.names)

    @property
    def examples(self) -> np.ndarray:
        """All images, loaded into memory, `(rows, height, width, channels)`, uint8."""
        return np.concatenate([np.empty((0, *self.shape), "uint8"), *self.chunks()])

    def rows(self, index: Any) -> "ImageFiles":
        """Return some of the images by their numbers."""
        labels = None if self.labels is None else self.labels[index]
        names, orientations, plain = (part[index] for part in (self.names, self.orientations, self.plain))
        return ImageFiles(self.folder, names, orientations, plain, self.shape, labels)

    def drawn(self, most: int, seed: int = 0) -> "ImageFiles":
        """Return at most `most` images, drawn without replacement, in the order of the split."""
        return self.rows(drawn_rows(len(self), most, seed))

    def head(self, count: int) -> np.ndarray:
        """Return the first images, uint8."""
        return next(self.rows(slice(count)).chunks(count))

    def chunks(self, size: int = 8192) -> Iterator[np.ndarray]:
        """Give all images in order, as many at a time as fill 1 MB, and at most `size`."""
        yield from self._read(self._indices().batch(self._fitting(size))).as_numpy_iterator()

    def apart(self) -> "ImageFiles":
        """Return this split, whose images do not overlap."""
        return self

    def shuffled(
        self, preprocessor: Preprocessor, batch_size: int, steps: int, seed: int, first_epoch: int
    ) -> "tf.data.Dataset[Any]":
        """Return batches like `Split.shuffled`. Files are read and decoded in parallel."""
        order = shuffled_indices(len(self), batch_size, steps, seed, first_epoch)
        return self._read(order).map(preprocessor).prefetch(2)

    def in_order(self, preprocessor: Preprocessor, most: int = 2048) -> "tf.data.Dataset[Any]":
        """Return batches like `Split.in_order`. Files are read again in each pass."""
        return self._read(self._indices().batch(self._fitting(most))).map(preprocessor).prefetch(1)

    def joined(self, other: "ImageFiles") -> "ImageFiles":
        """Return the images of this split, followed by those of another in the same folder."""
        return ImageFiles(
            self.folder,
            np.concatenate([self.names, other.names]),
            np.concatenate([self.orientations, other.orientations]),
            np.concatenate([self.plain, other.plain]),
            self.shape,
            join_labels(self, other),
        )

    @functools.cached_property
    def _tensors(self) -> tuple[Any, ...]:
        # They are made once: each dataset would keep a copy, and a dataset is freed late (it holds a cycle).
        return tf.constant(self.names), tf.constant(self.orientations), tf.constant(self.plain)

    def _indices(self) -> "tf.data.Dataset[Any]":
        return tf.data.Dataset.range(len(self))

    def _fitting(self, size: int) -> int:
        return max(1, min(size, 2**20 // int(np.prod(self.shape)), len(self)))

    def _read(self, batches: "tf.data.Dataset[Any]") -> "tf.data.Dataset[Any]":
        parts = self._tensors  # not made in the graph of `read`
        folder = os.fsencode(self.folder) + os.fsencode(os.sep)

        # In a small image whatever is not needed takes longer than its decoding.
        def read_plain(name: Any, orientation: Any, plain: Any) -> Any:
            return decode_plain(tf.io.read_file(folder + name), self.shape)

        def read_any(name: Any, orientation: Any, plain: Any) -> Any:
            content = tf.io.read_file(folder + name)
            return tf.cond(
                plain,
                lambda: decode_plain(content, self.shape),
                lambda: decode_image(content, self.shape, orientation),
            )

        read_one = read_plain if self.plain.all() else read_any

        def read(index: Any) -> Any:
            return tf.map_fn(
                lambda file: read_one(*file),
                tuple(tf.gather(part, index) for part in parts),
                fn_output_signature=tf.TensorSpec(self.shape, tf.uint8),
                parallel_iterations=16,
            )

        # The number is fixed, because the memory that AUTOTUNE takes grows during a training.
        return batches.map(read, num_parallel_calls=os.cpu_count() or 2, deterministic=True)
