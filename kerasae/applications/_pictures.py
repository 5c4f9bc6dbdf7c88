"""Raw images as 8-bit pictures: files for a user, and grids for a page."""

import dataclasses
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.report.canvas import Canvas
from kerasae.report.image_lines import image_lines
from kerasae.spec import Spec

#: Channels that a PNG can hold, and Pillow's mode for each.
MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def raw_range(data: Data) -> tuple[float, float]:
    """Return black and white in raw units: those of the spec, or the range of the training images.

    Without training images it is the range of the examples. An application that is used without them has
    stored their range, by `spec_with_range`.
    """
    low, high = data.spec.low, data.spec.high
    if low is None or high is None:
        images = data.train if len(data.train) else data.test
        ranges = np.array([(chunk.min(), chunk.max()) for chunk in images.chunks()], "float64")
        low, high = float(ranges[:, 0].min()), float(ranges[:, 1].max())
    return low, high if high > low else low + 1.0


def spec_with_range(data: Data) -> Spec:
    """Return the spec of the data. Images without a stated range get that of the training images."""
    if not kind_of(data.spec).is_picture:
        return data.spec
    low, high = raw_range(data)
    return dataclasses.replace(data.spec, low=low, high=high)


def scaled(images: np.ndarray, low: float, high: float) -> np.ndarray:
    """Scale raw images to float64 with black at 0 and white at 1; values outside are clipped."""
    return np.clip((np.asarray(images, "float64") - low) / (high - low), 0.0, 1.0)


def pixels(images: np.ndarray, low: float, high: float) -> np.ndarray:
    """Convert raw images, `(rows, height, width, channels)`, to 8 bits.

    Images of 8 or 16 bits that use the whole range of their type do not change.
    """
    if images.dtype in (np.uint8, np.uint16) and (low, high) == (0.0, float(np.iinfo(images.dtype).max)):
        return images
    return np.rint(255.0 * scaled(images, low, high)).astype("uint8")


def png_names(names: Sequence[str]) -> list[str]:
    """Return the name of a PNG file for each row, `(rows,)`, without duplicates.

    The name of an image file gets the ending .png in place of its own. A crop adds its place: the crop
    "photo.jpg at 5,4" becomes photo_at_5_4.png. If another row has that name, the file keeps the ending of
    the image before the new one.

    Args:
        names: Names of the rows, `(rows,)`, without duplicates.
    """
    forms = [_file_names(name) for name in names]
    taken = Counter(form for row in forms for form in {*row})
    free = [next((form for form in row if taken[form] == 1), row[-1]) for row in forms]
    return [f"{form}.png" for form in free]


def _file_names(name: str) -> tuple[str, ...]:
    """Return the names that the file of a row may have, the best one first, and last that of the row."""
    crop = _CROP.fullmatch(name)
    image, place = (name, "") if crop is None else (crop[1], f"_at_{crop[2]}_{crop[3]}")
    path = Path(image)
    short = path.with_suffix("") if path.suffix.lower() in _ENDINGS else path
    return f"{short}{place}", f"{path}{place}", name


_ENDINGS = (".png", ".jpg", ".jpeg")
#: Name of a crop of an image: its file, and the row and the column of its first pixel.
_CROP = re.compile(r"(.+) at (\d+),(\d+)", re.DOTALL)


def save_png(path: Path, image: np.ndarray) -> None:
    """Write an image of 8 or 16 bits, `(height, width, channels)`, and create the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if image.dtype == np.uint16:
        # Pillow writes 16 bits only in grey.
        path.write_bytes(tf.io.encode_png(image).numpy())
        return
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(path)


def grid(
    lines: Sequence[tuple[str, np.ndarray | Sequence[np.ndarray]]],
    low: float,
    high: float,
    *,
    cell: float = 0.75,
) -> Canvas:
    """Draw raw images in lines, each with its name at the left.

    Args:
        lines: Name and images, `(count, height, width, channels)`, of each line, or a list of images of
            several sizes; a line may have fewer images.
        low: Raw value of black.
        high: Raw value of white. All images share one scale, so that a pixel that is too dark looks too dark.
        cell: Width of an image in inches. Defaults to 0.75.
    """
    count = max(len(images) for _, images in lines)
    longest = max(len(name) for name, _ in lines)
    margin = 0.1 + 0.085 * longest
    width = margin + cell * count
    figure = Canvas(figsize=(width, cell * len(lines)), dpi=110)
    place = figure.add_axes((margin / width, 0, cell * count / width, 1))
    image_lines(place, lines, low=low, high=high)
    return figure
