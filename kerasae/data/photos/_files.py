"""PhotoFiles: images of any size, which are decoded when they are needed and kept while there is room."""

import dataclasses
import os
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np

from kerasae.image_decoding import decode_image

#: Bytes of decoded images that stay in memory, over all files of one training.
ROOM = 2**30


@dataclasses.dataclass(frozen=True, eq=False)
class PhotoFiles:
    """Image files of any size.

    Args:
        folder: Folder of the images.
        names: Names of the files, relative to the folder.
        orientations: Orientations of the files, 1 to 8 as in EXIF, `(files,)`.
        sizes: Upright height and width of each image in pixels, `(files, 2)`.
        channels: Number of channels: 1, 3 or 4.
        dtype: Type of the pixels, `"uint8"` or `"uint16"`.
        room: Bytes of decoded images that stay in memory.
    """

    folder: str
    names: tuple[str, ...]
    orientations: np.ndarray
    sizes: np.ndarray
    channels: int
    dtype: str
    room: int = ROOM
    _kept: OrderedDict[int, np.ndarray] = dataclasses.field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = dataclasses.field(default_factory=threading.Lock, repr=False)

    @property
    def bytes(self) -> np.ndarray:
        """Size of each decoded image in bytes, `(files,)`."""
        sizes: np.ndarray = self.sizes.astype("int64").prod(axis=1)
        return sizes * self.channels * np.dtype(self.dtype).itemsize

    def read(self, number: int) -> np.ndarray:
        """Return an image, `(height, width, channels)`, which must not be changed."""
        with self._lock:
            if number in self._kept:
                self._kept.move_to_end(number)
                return self._kept[number]
        image = self.decoded(number)
        with self._lock:
            self._kept[number] = image
            while len(self._kept) > 1 and sum(kept.nbytes for kept in self._kept.values()) > self.room:
                self._kept.popitem(last=False)
        return image

    def decoded(self, number: int) -> np.ndarray:
        """Return an image, `(height, width, channels)`, and do not keep it.

        Raises:
            ValueError: If the file has changed since it was examined.
        """
        path = Path(self.folder, self.names[number])
        shape = (None, None, self.channels)
        image = np.asarray(decode_image(path.read_bytes(), shape, self.orientations[number], self.dtype))
        height, width = self.sizes[number]
        if image.shape[:2] != (height, width):
            raise ValueError(
                f"Expected {path} with {height} x {width} pixels, as it was at the start, received "
                f"{image.shape[0]} x {image.shape[1]}; leave files as they are while they are read."
            )
        return image

    def stem(self, number: int) -> str:
        """Return the name of a file without its ending, by which pairs are matched."""
        return os.path.splitext(self.names[number])[0]  # noqa: PTH122
