"""A folder of PNG and JPEG files, decoded as they are needed."""

import dataclasses
import io
import os
import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, UnidentifiedImageError

from kerasae.data._data import Data
from kerasae.data._drawing import draw_splits
from kerasae.data._image_files import SUFFIXES, ImageFiles, image_names
from kerasae.data._skipping import Skipped
from kerasae.image_decoding import find_orientation, refusal
from kerasae.kinds import kind_of
from kerasae.spec import Spec

#: Modes of Pillow without colour.
_GREY = ("1", "L", "LA")
#: MPO is what many phones write: a JPEG with more of them behind it.
_FORMATS = ("PNG", "JPEG", "MPO")


#: Arguments that name files.
PATHS = ("path",)


def accepts(path: Path) -> bool:
    """Whether a folder holds images."""
    return path.is_dir() and next(image_names(path), None) is not None


def accepts_more(path: Path) -> bool:
    """Whether a path is an image, or a folder that holds images."""
    return is_image(path) or accepts(path)


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
    """PNG and JPEG files of a folder and the folders in it, streamed.

    Every file is decoded once at the start, so that a corrupt one shows before a training and not
    in it; after that files are read and decoded in parallel, batch by batch, upright where a camera
    noted how it was held (EXIF). `kerasae.image_decoding` says how grey, palettes and CMYK are read, as
    an exported server reads them. It takes no PNG with 16 bits a channel and no transparent pixels.
    Where the files lie in folders, the first folder is the label. Images come back as 8-bit images of
    `size`, not of their file's own size.

    Args:
        path: the folder; with `test=1`, one file will do.
        size: height and width; images of another size are resized, over areas. By default that of
            the files, or 64 x 64 where they differ.
        channels: 1 for grey, 3 for colour; by default 3 as soon as one file has colour.
        on_error: what a file that cannot be decoded does: `"raise"` ends the reading, `"skip"`
            leaves the file out and lists it.
        validation: share of the rows left by the test split.
        calibration: share of the rows left by the test split; 0 for no such rows.
        test: share of all rows.
        seed: of the splits.

    Raises:
        ValueError: for a corrupt file, or one that is not taken, with its name; for too few images.
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
    orientations: list[int] = []
    shapes: Counter[tuple[int, int]] = Counter()
    colour = False
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # A part at a time: a pool keeps an object for each task that waits.
        for start in range(0, len(files), 1024):
            part = files[start : start + 1024]
            for name, found in zip(part, pool.map(_examine, (folder / name for name in part)), strict=True):
                if isinstance(found, str):
                    skipped.add(str(folder / name), found)
                    continue
                good.append(name)
                orientations.append(found.orientation)
                shapes[found.height, found.width] += 1
                colour |= found.mode not in _GREY
    if len(good) < (1 if test == 1 else 4):
        raise ValueError(f"Expected at least 4 images that can be read in {path}, received {len(good)}.")
    if channels is None:
        channels = 3 if colour else 1
    if size is None:
        size = next(iter(shapes)) if len(shapes) == 1 else (64, 64)
        if len(shapes) > 1:
            warnings.warn(
                f"The images of {path} have {len(shapes)} sizes and are resized to 64 x 64; --set "
                "data.size=[HEIGHT,WIDTH] chooses another.",
                stacklevel=2,
            )
    spec = Spec("image", (int(size[0]), int(size[1]), channels), "uint8", 0.0, 255.0)
    names = np.array([os.fsencode(name) for name in good])
    tops = [name.partition(os.sep)[0] if os.sep in name else "" for name in good]
    labels = np.array(tops) if len(set(tops)) > 1 else None
    parts = draw_splits(len(names), validation, calibration, test, seed)
    everything = ImageFiles(str(folder), names, np.array(orientations, "uint8"), spec.shape, labels)
    splits: dict[str, Any] = {key: everything.rows(part) for key, part in parts.items()}
    return Data(folder.resolve().name, spec, **splits, skipped=skipped.lines)


def read_more(arguments: dict[str, Any], spec: Spec) -> Data:
    """Return all images in the test split, in the size and the channels of the training.

    Raises:
        ValueError: if the model was not trained on images.
    """
    if spec.kind != "image":
        raise ValueError(
            f"Expected examples like those of the training, {kind_of(spec).described}, received images in "
            f"{arguments['path']}."
        )
    return images(**{**arguments, "size": spec.shape[:2], "channels": spec.shape[2]}, test=1.0)


def is_image(path: Path) -> bool:
    """Whether a path is one PNG or JPEG file, by its name."""
    return path.suffix.lower() in SUFFIXES and path.is_file()


@dataclasses.dataclass(frozen=True)
class _Header:
    """What is known of a file that can be decoded: its size upright, Pillow's mode, EXIF's orientation."""

    height: int
    width: int
    mode: str
    orientation: int


def _examine(path: Path) -> _Header | str:
    """What a file holds, or why it cannot be decoded.

    Pillow first: the JPEG library of TensorFlow writes complaints of its own to the terminal.
    """
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content)) as image:
            if image.format not in _FORMATS:
                return f"a {image.format} file under the name of a PNG or JPEG"
            image.load()
            if refused := refusal(content, transparent=image.has_transparency_data):
                return refused
            orientation = find_orientation(content)
            size = (image.width, image.height) if orientation >= 5 else (image.height, image.width)
            return _Header(*size, image.mode, orientation)
    except UnidentifiedImageError:
        return "no PNG or JPEG image"
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        return str(error) or type(error).__name__
