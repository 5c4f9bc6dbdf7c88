"""WholePhotos: images as they are, each of its own size."""

import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from kerasae.data.photos._files import PhotoFiles


@dataclasses.dataclass(frozen=True, eq=False)
class WholePhotos:
    """Images of any size, one after the other.

    Args:
        files: Image files.
        chosen: Numbers of the images, `(rows,)`.
        noisy: Noisy versions of `files`, in their order. Defaults to `None`.
        labels: Labels of the images, `(rows,)`. Defaults to `None`.
    """

    files: PhotoFiles
    chosen: np.ndarray
    noisy: PhotoFiles | None = None
    labels: np.ndarray | None = None

    streamed: ClassVar[bool] = True
    block: ClassVar[int] = 1

    def __len__(self) -> int:
        return len(self.chosen)

    @property
    def names(self) -> list[str]:
        """Name of the file of each image."""
        return [self.files.names[number] for number in self.chosen]

    def rows(self, index: Any) -> "WholePhotos":
        """Return some of the images by their numbers."""
        labels = None if self.labels is None else self.labels[index]
        return dataclasses.replace(self, chosen=self.chosen[index], labels=labels)

    def chunks(self, size: int = 1) -> Iterator[np.ndarray]:
        """Give each image by itself, `(1, height, width, channels)`. `size` is 1, whatever is asked for."""
        for number in self.chosen:
            yield self.files.decoded(int(number))[None]

    def noisy_chunks(self) -> Iterator[np.ndarray]:
        """Give the noisy version of each image, `(1, height, width, channels)`.

        Raises:
            ValueError: If there are no noisy versions.
        """
        if self.noisy is None:
            raise ValueError("Expected noisy versions of the images, received none.")
        for number in self.chosen:
            yield self.noisy.decoded(int(number))[None]
