"""Files of clean examples: PNG files named like the inputs, an array, or a CSV file, part by part."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kerasae.applications._base import index_heading, row_names
from kerasae.applications._log_files import LogFile
from kerasae.applications._pictures import MODES, pixels, png_names, save_png
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.preprocessing import as_written
from kerasae.report.sheet import write_table


class CleanFiles:
    """Folder `clean` with a PNG file for each image, `clean.npy`, or `clean.csv`.

    Windows of a log become its rows again, each the mean over the windows that hold it. Images that do not
    come from separate files are also written as an array.

    Args:
        out: Folder for the files.
        data: Data whose test split is cleaned.
        low: Raw value of black, for images.
        high: Raw value of white, for images.
    """

    def __init__(self, out: Path, data: Data, low: float, high: float) -> None:
        self._out, self._range = out, (low, high)
        self._rows = 0
        self._array: Any = None
        self._names: list[str] = []
        spec = data.spec
        self._columns = spec.columns
        self._heading = index_heading(data) if spec.columns else None
        self._log = LogFile(out / "clean.csv", data.test, spec) if spec.channels else None
        if not spec.columns and not spec.channels and not hasattr(data.test, "names"):
            shape = (len(data.test), *spec.shape)
            self._array = np.lib.format.open_memmap(out / "clean.npy", "w+", spec.dtype, shape)
        if kind_of(spec).is_picture and spec.shape[-1] in MODES:
            self._names = png_names(row_names(data))

    def add(self, clean: Any) -> None:
        """Write the next part."""
        if self._columns:
            write_table(
                as_written(clean, self._columns),
                self._out / "clean.csv",
                append=self._rows > 0,
                index=self._heading is not None,
                index_label=self._heading,
            )
        if self._log is not None:
            self._log.add(clean)
        if self._array is not None:
            self._array[self._rows : self._rows + len(clean)] = clean
        if self._names:
            for name, image in zip(self._names[self._rows :], pixels(clean, *self._range), strict=False):
                save_png(self._out / "clean" / name, image)
        self._rows += len(clean)

    def close(self) -> None:
        """Complete the files."""
        if self._log is not None:
            self._log.close()
        if self._array is not None:
            self._array.flush()


def resized(data: Data) -> int:
    """Return how many image files of the test split have another size than the model expects."""
    if not hasattr(data.test, "orientations"):
        return 0
    split: Any = data.test
    count = 0
    for name, orientation in zip(split.names, split.orientations, strict=True):
        with Image.open(Path(split.folder, os.fsdecode(name))) as image:
            size = (image.width, image.height) if orientation >= 5 else (image.height, image.width)
        count += size != data.spec.shape[:2]
    return count
