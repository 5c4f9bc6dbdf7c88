"""A folder of PNG and JPEG files, which are decoded when they are needed."""

import os
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from kerasae.data._data import Data
from kerasae.data._drawing import draw_splits
from kerasae.data._image_files import ImageFiles, image_names, is_image, labels_of
from kerasae.data._image_files import accepts as accepts
from kerasae.data._image_files import accepts_more as accepts_more
from kerasae.data._image_headers import Header, examined
from kerasae.data._skipping import Skipped
from kerasae.kinds import kind_of
from kerasae.spec import Spec

#: Names of the arguments that name files.
PATHS = ("path",)


def images(
    path: str,
    *,
    size: Sequence[int] | None = None,
    channels: Literal[1, 3] | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    validation: float = 0.1,
    calibration: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """Stream the PNG and JPEG files of a folder and of the folders in it.

    Every file is decoded once at the start, so that a corrupt file is found before the training begins.
    After that, files are read and decoded in parallel, batch by batch. They are turned upright by the
    orientation that the camera noted (EXIF). `kerasae.image_decoding` describes how grey images, palettes
    and CMYK are read; an exported server reads them in the same way. PNG files with 16 bits a channel or
    with transparent pixels are refused; the source `photos` takes them, and reads images of several sizes as
    they are. If the files lie in folders, the name of the first folder is the label. A decoded image has 8
    bits a channel and the size `size`, not the size of its file.

    Args:
        path: Path of the folder. With `test=1` it may be one image.
        size: Height and width in pixels. Images of another size are resized by area. Defaults to the size of
            the files, or to 64 x 64 if they have several sizes.
        channels: Number of channels, 1 for grey or 3 for colour. Defaults to 3 if any file has colour.
        on_error: Action for a file that cannot be decoded. `"raise"` ends the reading; `"skip"` leaves the
            file out and lists it. Defaults to `"raise"`.
        validation: Share of the validation split in the rows that the test split leaves, in (0, 1). Defaults
            to 0.1.
        calibration: Share of the calibration split in the rows that the test split leaves, in [0, 1). No
            rows if it is 0. Defaults to 0.1.
        test: Share of the test split in all rows, in (0, 1). Every row if it is 1. Defaults to 0.2.
        seed: Seed of the splits. Defaults to 0.

    Raises:
        ValueError: if a file is corrupt or refused, with its name, or if there are too few images.
    """
    folder = Path(path)
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise ValueError(f"`size` must be a height and a width in pixels, received {list(size)}.")
    files = sorted(image_names(folder))
    if is_image(folder):
        folder, files = folder.parent, [folder.name]
    if not files:
        raise ValueError(f"Expected PNG or JPEG files in {path}, found none.")
    skipped = Skipped(on_error)
    good: list[str] = []
    headers: list[Header] = []
    shapes: Counter[tuple[int, int]] = Counter()
    colour = False
    for name, header in examined(folder, files, skipped, plain=True):
        good.append(name)
        headers.append(header)
        shapes[header.height, header.width] += 1
        colour |= header.colour
    if len(good) < (1 if test == 1 else 4):
        raise ValueError(f"Expected at least 4 images that can be read in {path}, received {len(good)}.")
    if channels is None:
        channels = 3 if colour else 1
    if size is None:
        size = next(iter(shapes)) if len(shapes) == 1 else (64, 64)
        if len(shapes) > 1:
            warnings.warn(
                f"The images of {path} have {len(shapes)} sizes and are resized to 64 x 64; --set "
                "data.size=[HEIGHT,WIDTH] chooses another size, and --set data.crop=64 trains on crops of "
                "the images as they are.",
                stacklevel=2,
            )
    spec = Spec("image", (int(size[0]), int(size[1]), channels), "uint8", 0.0, 255.0)
    names = np.array([os.fsencode(name) for name in good])
    labels = labels_of(good)
    parts = draw_splits(len(names), validation, calibration, test, seed)
    everything = ImageFiles(
        str(folder),
        names,
        np.array([header.orientation for header in headers], "uint8"),
        np.array([_is_example(header, spec) for header in headers]),
        spec.shape,
        labels,
    )
    splits: dict[str, Any] = {key: everything.rows(part) for key, part in parts.items()}
    return Data(folder.resolve().name, spec, **splits, skipped=skipped.lines)


def _is_example(header: Header, spec: Spec) -> bool:
    """Return whether a file holds the numbers of an example as they are."""
    return header.plain and (header.height, header.width, 3 if header.colour else 1) == spec.shape


def read_more(arguments: dict[str, Any], spec: Spec) -> Data:
    """Return images in the size and the channels of the training; by default all are the test split.

    Raises:
        ValueError: if the model was not trained on images.
    """
    if spec.kind != "image":
        raise ValueError(
            f"Expected examples like those of the training, {kind_of(spec).described}, received images in "
            f"{arguments['path']}."
        )
    return images(**{"test": 1.0, **arguments, "size": spec.shape[:2], "channels": spec.shape[2]})
