"""Images that stay in their files until a batch needs them."""

import dataclasses
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kerasae.data._split import shuffled_indices
from kerasae.preprocessing import Preprocessor


def decode_image(path: Any, shape: Sequence[int]) -> Any:
    """A file as an 8-bit image of a shape; safe in a graph."""
    image = tf.io.decode_image(tf.io.read_file(path), channels=shape[-1], expand_animations=False)
    image.set_shape((None, None, shape[-1]))

    def resized() -> Any:
        small = tf.image.resize(image, shape[:2], method="area")
        return tf.cast(tf.clip_by_value(tf.round(small), 0, 255), tf.uint8)

    fits = tf.reduce_all(tf.equal(tf.shape(image)[:2], shape[:2]))
    image = tf.cond(fits, lambda: image, resized)
    image.set_shape(shape)
    return image


@dataclasses.dataclass(frozen=True)
class ImageFiles:
    """Images that stay in their files until a batch needs them; a streamed `Split`.

    Args:
        folder: they lie in.
        names: of the files, relative to it, as bytes in UTF-8.
        shape: of an example, height, width, channels.
        labels: one a file, or `None`.
    """

    folder: str
    names: np.ndarray
    shape: tuple[int, ...]
    labels: np.ndarray | None = None

    streamed = True

    def __len__(self) -> int:
        return len(self.names)

    @property
    def examples(self) -> np.ndarray:
        """All images in memory, `(rows, height, width, channels)`, uint8."""
        return np.concatenate(list(self.chunks()))

    def rows(self, index: Any) -> "ImageFiles":
        """Some of the images."""
        labels = None if self.labels is None else self.labels[index]
        return ImageFiles(self.folder, self.names[index], self.shape, labels)

    def head(self, count: int) -> np.ndarray:
        """The first images, uint8."""
        return next(self.rows(slice(count)).chunks(count))

    def chunks(self, size: int = 8192) -> Iterator[np.ndarray]:
        """All images in order, as many at a time as fill 2 MB, at most `size`."""
        yield from self._read(self._indices().batch(self._fitting(size))).as_numpy_iterator()

    def shuffled(
        self, preprocessor: Preprocessor, batch_size: int, steps: int, seed: int, first_epoch: int
    ) -> tf.data.Dataset:
        """As `Split.shuffled`; files are read and decoded in parallel."""
        order = shuffled_indices(len(self), batch_size, steps, seed, first_epoch)
        return self._read(order).map(preprocessor).prefetch(2)

    def in_order(self, preprocessor: Preprocessor, most: int = 2048) -> tf.data.Dataset:
        """As `Split.in_order`, read anew at each pass."""
        return self._read(self._indices().batch(self._fitting(most))).map(preprocessor).prefetch(1)

    def _indices(self) -> tf.data.Dataset:
        return tf.data.Dataset.range(len(self))

    def _fitting(self, size: int) -> int:
        return max(1, min(size, 2**21 // int(np.prod(self.shape)), len(self)))

    def _read(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        names = tf.constant(self.names)

        def read(index: Any) -> Any:
            return tf.map_fn(
                lambda one: decode_image(
                    tf.strings.join([self.folder, tf.gather(names, one)], os.sep), self.shape
                ),
                index,
                fn_output_signature=tf.TensorSpec(self.shape, tf.uint8),
                parallel_iterations=16,
            )

        # A fixed number: what AUTOTUNE keeps in memory grows with the length of a training.
        return batches.map(read, num_parallel_calls=os.cpu_count() or 2, deterministic=True)
