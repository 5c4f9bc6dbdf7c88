"""Crops: square parts of images of any size. Each training batch has new ones."""

import dataclasses
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from kerasae.data._split import drawn_rows, join_labels
from kerasae.data.photos._files import PhotoFiles
from kerasae.data.photos._whole import WholePhotos
from kerasae.preprocessing import Preprocessor

#: Bytes of crops that are read at a time, and that stay in memory for a validation split.
_PART, _KEPT = 2**23, 2**28


@dataclasses.dataclass(frozen=True, eq=False)
class Crops:
    """Square crops of images: a streamed split.

    Its rows are the crops of a grid over each image, which is centred and does not overlap. An image that is
    smaller than a crop is one crop, continued as by a mirror. A training draws other crops: as many, from the
    same images, each from anywhere in its image, and mirrored and turned by chance.

    With `noisy`, a training learns to make an image of its noisy version. All other users of a split get the
    clean crops.

    Args:
        files: Images, which splits share.
        photos: Number of the image of each crop, `(rows,)`.
        corners: Row and column of the first pixel of each crop, `(rows, 2)`.
        size: Pixels on a side of a crop.
        mirror: Whether a training mirrors crops from left to right.
        turn: Whether a training turns crops by quarters.
        labels: Labels of the crops, `(rows,)`. Defaults to `None`.
        noisy: Noisy versions of `files`, in their order. Defaults to `None`.
    """

    files: PhotoFiles
    photos: np.ndarray
    corners: np.ndarray
    size: int
    mirror: bool
    turn: bool
    labels: np.ndarray | None = None
    noisy: PhotoFiles | None = None

    streamed: ClassVar[bool] = True
    #: What the rows are.
    counted: ClassVar[str] = "crops"

    @classmethod
    def grid(
        cls,
        files: PhotoFiles,
        chosen: np.ndarray,
        size: int,
        *,
        mirror: bool,
        turn: bool,
        labels: np.ndarray | None = None,
        noisy: PhotoFiles | None = None,
    ) -> "Crops":
        """Return the crops of a grid over some images.

        Args:
            files: All images.
            chosen: Numbers of the images.
            size: Pixels on a side of a crop.
            mirror: Whether a training mirrors crops.
            turn: Whether a training turns crops.
            labels: Labels of all images. Defaults to `None`.
            noisy: Noisy versions of all images. Defaults to `None`.
        """
        photos: list[np.ndarray] = [np.empty(0, "int64")]
        corners: list[np.ndarray] = [np.empty((0, 2), "int64")]
        for number in chosen:
            rows, columns = (_firsts(int(length), size) for length in files.sizes[number])
            places = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)
            photos.append(np.full(len(places), number))
            corners.append(places)
        of_crops = np.concatenate(photos)
        named = None if labels is None else labels[of_crops]
        return cls(files, of_crops, np.concatenate(corners), size, mirror, turn, named, noisy)

    def __len__(self) -> int:
        return len(self.photos)

    @property
    def block(self) -> int:
        """Number of successive crops that count as one row, from 1, as crops of one image are alike.

        It is the mean over the crops of the number of crops of their image, the design effect of clusters
        whose members are equal (Kish 1965, *Survey Sampling*).
        """
        _, counts = np.unique(self.photos, return_counts=True)
        return max(1, round(float(np.square(counts).sum() / max(counts.sum(), 1))))

    @property
    def examples(self) -> np.ndarray:
        """All crops, loaded into memory, `(rows, size, size, channels)`."""
        return np.concatenate([np.empty((0, *self._shape), self.files.dtype), *self.chunks()])

    @property
    def names(self) -> list[str]:
        """Name of each crop: its file, and the row and the column of its first pixel."""
        return [
            f"{self.files.names[photo]} at {row},{column}"
            for photo, (row, column) in zip(self.photos, self.corners, strict=True)
        ]

    def rows(self, index: Any) -> "Crops":
        """Return some of the crops by their numbers."""
        labels = None if self.labels is None else self.labels[index]
        return dataclasses.replace(
            self, photos=self.photos[index], corners=self.corners[index], labels=labels
        )

    def drawn(self, most: int, seed: int = 0) -> "Crops":
        """Return at most `most` crops, drawn without replacement, in the order of the split."""
        return self.rows(drawn_rows(len(self), most, seed))

    def head(self, count: int) -> np.ndarray:
        """Return the first crops."""
        return self.rows(slice(count)).examples

    def chunks(self, size: int = 8192) -> Iterator[np.ndarray]:
        """Give all crops in order, as many at a time as fill 8 MB, and at most `size`."""
        step = self._fitting(size)
        for start in range(0, len(self), step):
            yield self._cut(self.files, slice(start, start + step))

    def apart(self) -> "Crops":
        """Return this split, whose crops do not overlap."""
        return self

    def whole(self) -> WholePhotos:
        """Return the images of which these are crops, as they are."""
        chosen, first = np.unique(self.photos, return_index=True)
        return WholePhotos(
            self.files, chosen, self.noisy, None if self.labels is None else self.labels[first]
        )

    def joined(self, other: "Crops") -> "Crops":
        """Return the crops of this split, followed by those of another of the same images."""
        return dataclasses.replace(
            self,
            photos=np.concatenate([self.photos, other.photos]),
            corners=np.concatenate([self.corners, other.corners]),
            labels=join_labels(self, other),
        )

    # For a training ------------------------------------------------------------------------------

    def shuffled(
        self, preprocessor: Preprocessor, batch_size: int, steps: int, seed: int, first_epoch: int
    ) -> "tf.data.Dataset[Any]":
        """Return batches like `Split.shuffled`, of new crops each; pairs if there are noisy ones."""

        def drawn(number: Any) -> tuple[np.ndarray, ...]:
            epoch, step = divmod(int(number), steps)
            rows = self._order(seed, epoch)[step * batch_size : (step + 1) * batch_size]
            return self._drawn(rows, np.random.default_rng([seed, epoch, step]))

        numbers = tf.data.Dataset.range(first_epoch * steps, np.iinfo(np.int64).max)
        return self._batches(numbers, drawn, batch_size, preprocessor).prefetch(8)

    def in_order(self, preprocessor: Preprocessor, most: int = 2048) -> "tf.data.Dataset[Any]":
        """Return batches like `Split.in_order`; pairs of noisy and clean crops if there are noisy ones."""
        step = self._fitting(most)

        def part(number: Any) -> tuple[np.ndarray, ...]:
            rows = slice(int(number) * step, (int(number) + 1) * step)
            return tuple(self._cut(files, rows) for files in self._sides)

        numbers = tf.data.Dataset.range(-(-len(self) // step))
        batches = self._batches(numbers, part, None, preprocessor)
        kept = 4 * len(self) * int(np.prod(self._shape)) * len(self._sides)
        return batches.cache() if kept <= _KEPT else batches.prefetch(1)

    def _batches(
        self,
        numbers: "tf.data.Dataset[Any]",
        make: Callable[[Any], tuple[np.ndarray, ...]],
        rows: int | None,
        preprocessor: Preprocessor,
    ) -> "tf.data.Dataset[Any]":
        types = [tf.as_dtype(self.files.dtype)] * len(self._sides)

        def read(number: Any) -> Any:
            raw = tf.numpy_function(make, [number], types)
            x = [preprocessor(tf.ensure_shape(one, (rows, *self._shape))) for one in raw]
            return x[0] if len(x) == 1 else tuple(x)

        return numbers.map(read, num_parallel_calls=1, deterministic=True)

    def _order(self, seed: int, epoch: int) -> np.ndarray:
        """Return the crops of an epoch in a random order in which each image is decoded once.

        Images whose pixels fit into memory together form a group, and the crops of a group are shuffled. If
        all images fit, there is one group.
        """
        known = self._orders
        if (seed, epoch) not in known:
            rng = np.random.default_rng([seed, epoch])
            room, before, groups = self.files.room // 2, 0, np.zeros(len(self.files.names), "int64")
            sizes = self.files.bytes * len(self._sides)
            for photo in rng.permutation(np.unique(self.photos)):
                groups[photo] = before // max(room, 1)
                before += int(sizes[photo])
            known.clear()
            known[seed, epoch] = np.lexsort((rng.random(len(self)), groups[self.photos]))
        return known[seed, epoch]

    @cached_property
    def _orders(self) -> dict[tuple[int, int], np.ndarray]:
        return {}

    def _drawn(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Return new crops of the images of some rows, from each side of a pair the same ones."""
        batches = [np.empty((len(rows), *self._shape), self.files.dtype) for _ in self._sides]
        for place, photo in enumerate(self.photos[rows]):
            free = np.maximum(self.files.sizes[photo] - self.size, 0)
            row, column = rng.integers(0, free + 1)
            quarters, mirrored = int(rng.integers(0, 4)), rng.integers(0, 2)
            for batch, files in zip(batches, self._sides, strict=True):
                crop = self._crop(files, photo, row, column)
                crop = np.rot90(crop, quarters) if self.turn else crop
                batch[place] = crop[:, ::-1] if self.mirror and mirrored else crop
        return tuple(batches)

    # Pixels --------------------------------------------------------------------------------------

    @property
    def _sides(self) -> tuple[PhotoFiles, ...]:
        """The images of input and target, which are the same without noisy versions."""
        return (self.files,) if self.noisy is None else (self.noisy, self.files)

    @property
    def _shape(self) -> tuple[int, int, int]:
        return self.size, self.size, self.files.channels

    def _fitting(self, size: int) -> int:
        bytes_each = int(np.prod(self._shape)) * np.dtype(self.files.dtype).itemsize
        return max(1, min(size, _PART // bytes_each, len(self)))

    def _cut(self, files: PhotoFiles, rows: slice) -> np.ndarray:
        crops = zip(self.photos[rows], self.corners[rows], strict=True)
        return np.stack([self._crop(files, photo, row, column) for photo, (row, column) in crops])

    def _crop(self, files: PhotoFiles, photo: int, row: int, column: int) -> np.ndarray:
        crop = files.read(int(photo))[row : row + self.size, column : column + self.size]
        more = [(0, self.size - length) for length in crop.shape[:2]]
        return np.pad(crop, [*more, (0, 0)], "symmetric") if any(end for _, end in more) else crop


def _firsts(length: int, size: int) -> np.ndarray:
    """Return the first pixels of the crops along an axis: as many as fit, centred, and at least one."""
    count = max(length // size, 1)
    return max(length - count * size, 0) // 2 + size * np.arange(count)
