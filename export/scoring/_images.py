"""Images of files, read by Pillow as `kerasae.image_decoding` reads them with TensorFlow.

PNG files give the same numbers; where they are resized, a few pixels are rounded to the next level.
TensorFlow decodes JPEG files with a faster, coarser transform, so their pixels may differ by a few of 255
levels.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from kerasae.export.scoring._batches import UnreadableError

_SUFFIXES = (".png", ".jpg", ".jpeg")
#: Formats of such files. Many phones write MPO files, each a JPEG with further ones behind it.
_FORMATS = ("PNG", "JPEG", "MPO")
#: Position of the number of bits a channel in a PNG file.
_PNG_DEPTH = 24
#: Factor between the same grey in 8 and in 16 bits.
_EIGHT_IN_SIXTEEN = 257
#: Weights of red, green and blue in a grey image, from ITU-R BT.601.
_GREY = np.array([0.299, 0.587, 0.114], "float32")


def holds_images(path: Path) -> bool:
    """Return whether a path is that of an image, or of a folder, which is one of images."""
    return path.is_dir() or path.suffix.lower() in _SUFFIXES


def images_in(
    path: Path, shape: Sequence[int | None], dtype: str = "uint8"
) -> Iterator[tuple[str, np.ndarray] | UnreadableError]:
    """Yield the name and the pixels of an image, or of each image in a folder, or what cannot be read.

    Args:
        path: Path of the image or the folder.
        shape: Shape of the images, as for `read_image`.
        dtype: Type of the pixels. Defaults to `"uint8"`.

    Raises:
        ValueError: If examples of this shape are no images, or there are none.
    """
    if len(shape) != 3:
        raise ValueError(f"Expected examples of shape {shape}, received images in {path}.")
    if path.is_file():
        folder, names = path.parent, iter([path.name])
    else:
        folder, names = path, _image_paths(path)
    count = 0
    for name in names:
        count += 1
        try:
            yield name, read_image(folder / name, shape, dtype)
        except (ValueError, OSError, SyntaxError, EOFError) as error:
            yield UnreadableError(name, str(error) or type(error).__name__)
    if not count:
        raise ValueError(f"Expected PNG or JPEG files in {path}, found none.")


def _image_paths(folder: Path) -> Iterator[str]:
    """Yield the PNG and JPEG files of a folder and of the folders in it, relative to it, in order."""
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(_SUFFIXES) and not name.startswith("."):
                yield str((Path(where) / name).relative_to(folder))


def read_image(path: str | Path, shape: Sequence[int | None], dtype: str = "uint8") -> np.ndarray:
    """Return an image of a file with 8 bits a channel in a shape, `(height, width, channels)`, upright.

    Args:
        path: Path of a PNG or JPEG file.
        shape: Shape of the image. An image of another size is resized by averaging over areas. Height and
            width may be `None`: the size of the file is kept.
        dtype: Type of the pixels. In `"uint16"` the numbers of the file are multiplied by 257, so that white
            stays white. Defaults to `"uint8"`.

    Raises:
        ValueError: If the image has 16 bits a channel, transparent pixels that the shape does not hold, or
            more than 178 million pixels.
        OSError: If the file cannot be decoded.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            if image.format not in _FORMATS:
                raise ValueError("Expected a PNG or JPEG image.")
            # Pillow would silently take 8 of the 16 bits of a colour.
            if image.format == "PNG" and _depth(path) > 8:
                raise ValueError("Expected 8 bits a channel, received 16.")
            turned = ImageOps.exif_transpose(image)
            pixels = np.asarray(turned.convert("RGBA"))
    except UnidentifiedImageError:
        raise ValueError("Expected a PNG or JPEG image.") from None
    except Image.DecompressionBombError as error:
        raise ValueError(f"Expected an image that fits into memory; {error}") from None
    if dtype == "uint16":
        pixels = pixels.astype(dtype) * np.uint16(_EIGHT_IN_SIXTEEN)
    if shape[-1] != 4:
        if pixels[..., 3].min() < np.iinfo(pixels.dtype).max:
            raise ValueError("Expected an image without transparent pixels.")
        pixels = _grey(pixels) if shape[-1] == 1 else pixels[..., :3]
    height, width = shape[:2]
    if height is None or width is None or pixels.shape[:2] == (height, width):
        return pixels
    return _resized(pixels, (height, width))


def _depth(path: str | Path) -> int:
    """Return the number of bits a channel of a PNG file."""
    with Path(path).open("rb") as file:
        return file.read(_PNG_DEPTH + 1)[_PNG_DEPTH]


def _grey(pixels: np.ndarray) -> np.ndarray:
    grey: np.ndarray = np.round(pixels[..., :3].astype("float32") @ _GREY)[..., None].astype(pixels.dtype)
    return grey


def _resized(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    down, across = (_areas(old, new) for old, new in zip(pixels.shape[:2], size, strict=True))
    small = np.einsum("hi,ijc,wj->hwc", down, pixels.astype("float32"), across, optimize=True)
    resized: np.ndarray = np.clip(np.round(small), 0, np.iinfo(pixels.dtype).max).astype(pixels.dtype)
    return resized


def _areas(old: int, new: int) -> Any:
    """Return the share of each old pixel in each new one, `(new, old)`, float32."""
    ends = np.arange(new + 1) * (old / new)
    pixels = np.arange(old)
    covered = np.minimum(ends[1:, None], pixels + 1) - np.maximum(ends[:-1, None], pixels)
    return (np.maximum(covered, 0) * (new / old)).astype("float32")
