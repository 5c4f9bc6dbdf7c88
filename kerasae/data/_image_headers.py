"""examine: the size, the mode and the orientation of an image file that can be decoded."""

import dataclasses
import io
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from kerasae.data._skipping import Skipped
from kerasae.image_decoding import TOO_DEEP, TRANSPARENT, find_orientation, is_deep, refusal

#: Modes of Pillow without colour.
_GREY = ("1", "L", "LA", "I", "I;16")
#: Modes of Pillow whose pixels need no conversion.
_PLAIN = ("L", "RGB")
#: Many phones write MPO files, each a JPEG with further ones behind it.
_FORMATS = ("PNG", "JPEG", "MPO")
#: What follows where images of one size refuse what photographs may be.
_CROPS = "; or train on crops, which takes it as it is (--set data.crop=64)"


@dataclasses.dataclass(frozen=True)
class Header:
    """A file that can be decoded.

    Args:
        height: Height of the upright image in pixels.
        width: Width of the upright image in pixels.
        colour: Whether the file has colour.
        deep: Whether it has 16 bits a channel.
        transparent: Whether it has transparent pixels.
        orientation: EXIF orientation, from 1 to 8.
        plain: Whether its pixels are those of the image: grey or colour with 8 bits a channel, upright and
            without transparency or palette.
    """

    height: int
    width: int
    colour: bool
    deep: bool
    transparent: bool
    orientation: int
    plain: bool


def examined(
    folder: Path, files: Sequence[str], skipped: Skipped, *, plain: bool
) -> Iterator[tuple[str, Header]]:
    """Give each file that can be decoded, in order, with its header.

    Args:
        folder: Folder of the files.
        files: Names of the files, relative to the folder.
        skipped: Takes the others, each with its reason.
        plain: Whether to refuse 16 bits a channel and transparent pixels.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # The pool keeps an object for each waiting task, so it is given one part at a time.
        for start in range(0, len(files), 1024):
            part = files[start : start + 1024]
            headers = pool.map(lambda name: _examine(folder / name, plain), part)
            for name, header in zip(part, headers, strict=True):
                if isinstance(header, str):
                    skipped.add(str(folder / name), header)
                else:
                    yield name, header


def _examine(path: Path, plain: bool) -> Header | str:
    """Return the header of a file, or the reason why it cannot be decoded.

    Pillow decodes it first, because the JPEG library of TensorFlow writes complaints to the terminal.
    """
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content)) as image:
            if image.format not in _FORMATS:
                return f"a {image.format} file under the name of a PNG or JPEG"
            image.load()
            deep = is_deep(content)
            depth = "uint16" if deep and not plain else "uint8"
            refused = refusal(content, transparent=image.has_transparency_data, dtype=depth)
            if refused and (plain or refused != TRANSPARENT):
                return refused + _CROPS * (refused in (TOO_DEEP, TRANSPARENT))
            orientation = find_orientation(content)
            size = (image.width, image.height) if orientation >= 5 else (image.height, image.width)
            bare = image.mode in _PLAIN and not deep and not image.has_transparency_data and orientation == 1
            transparent = refused == TRANSPARENT
            return Header(*size, image.mode not in _GREY, deep, transparent, orientation, bare)
    except UnidentifiedImageError:
        return "no PNG or JPEG image"
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        return str(error) or type(error).__name__
