"""Reference compressors for the same examples: zstd without loss, JPEG and WebP with it."""

import dataclasses
import io
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import zstandard
from PIL import Image

from kerasae.applications._pictures import pixels, raw_range
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.preprocessing import named_by_text

#: Qualities of the files, as Pillow counts them.
_QUALITIES = (5, 10, 20, 35, 50, 70, 85, 95)
#: Largest side of a WebP file, in pixels.
_SIDE = 16383
#: Side of a block of JPEG, in pixels.
_BLOCK = 8
#: Channels of files in both formats.
_CHANNELS = (1, 3)
_LEVEL = 19


class RawSize:
    """Size of raw examples and of their zstd stream, in bytes, counted part by part.

    Arrays have their own type; tables are CSV with a line of names; texts are UTF-8, one per line.

    Args:
        data: Data with the examples.
    """

    def __init__(self, data: Data) -> None:
        self._spec = data.spec
        self._packer = zstandard.ZstdCompressor(level=_LEVEL).compressobj()
        self.raw = self.packed = self.cells = 0

    def add(self, raw: Any) -> None:
        """Count the next part."""
        content = self._bytes(raw)
        self.packed += len(self._packer.compress(content))
        self.raw += len(content)

    def close(self) -> None:
        """Count the bytes that zstd still holds back."""
        self.packed += len(self._packer.flush())

    def _bytes(self, raw: Any) -> bytes:
        spec = self._spec
        if spec.vocabulary:
            texts = ["" if text is None or text != text else str(text) for text in raw]
            self.cells += sum(map(len, texts))
            return "".join(f"{text}\n" for text in texts).encode()
        if spec.columns:
            self.cells += len(raw) * len(spec.columns)
            names = [column.name for column in spec.columns]
            frame = named_by_text(raw)[names]
            return frame.to_csv(index=False, header=self.raw == 0).encode()
        array = np.asarray(raw).astype(spec.dtype)
        self.cells += len(array) * spec.size // (spec.shape[-1] if kind_of(spec).is_picture else 1)
        return array.tobytes()


@dataclasses.dataclass(frozen=True)
class Photograph:
    """Images as JPEG or WebP at one quality.

    Args:
        form: Format, `"JPEG"` or `"WEBP"`.
        quality: Quality, as Pillow counts it.
        error: Mean squared error, in `x`.
        rate: Bits per row in one mosaic of all images.
        alone: Bits per row in separate files.
        without_headers: Bits per row of the coded pixels in these files.
    """

    form: str
    quality: int
    error: float
    rate: float
    alone: float
    without_headers: float


def photographs(data: Data) -> Iterator[Photograph]:
    """Compress the images of the test split as JPEG and WebP, at several qualities.

    A header of some hundred bytes would be most of the file of a small image. All images are therefore joined
    to a mosaic, whose tiles are widened to whole blocks of 8 pixels by copies of their last ones. All of its
    bytes count.

    Yields:
        A photograph for each format and quality; nothing for images that are neither grey nor RGB.
    """
    spec = data.spec
    if not kind_of(spec).is_picture or spec.shape[-1] not in _CHANNELS:
        return
    low, high = raw_range(data)
    raw = data.test.examples
    x, grey = data.to_x(raw), pixels(np.asarray(raw).reshape(-1, *spec.shape), low, high)
    rows, height, width, channels = grey.shape
    tall, wide = (-(-side // _BLOCK) * _BLOCK for side in (height, width))
    across = int(np.ceil(np.sqrt(rows * tall / wide)))
    down = -(-rows // across)
    if max(across * wide, down * tall) > _SIDE:
        return
    tiles = np.pad(grey, [(0, 0), (0, tall - height), (0, wide - width), (0, 0)], mode="edge")
    # The last row of tiles is filled with the last image, because a repeated one costs least.
    tiles = np.concatenate([tiles, np.repeat(tiles[-1:], across * down - rows, axis=0)])
    mosaic = tiles.reshape(down, across, tall, wide, channels).swapaxes(1, 2)
    mosaic = mosaic.reshape(down * tall, across * wide, channels)
    few = grey[:: -(-rows // 200)]
    for form in ("JPEG", "WEBP"):
        for quality in _QUALITIES:
            content = encoded(mosaic, form, quality)
            with Image.open(io.BytesIO(content)) as opened:
                shown = np.asarray(opened.convert("L" if channels == 1 else "RGB"))
            shown = shown.reshape(down, tall, across, wide, channels).swapaxes(1, 2)
            shown = shown.reshape(-1, tall, wide, channels)[:rows, :height, :width]
            with warnings.catch_warnings():
                # Dark floating-point images look as if they were scaled already.
                warnings.simplefilter("ignore")
                back = data.to_x(shown.astype("float32") / 255 * (high - low) + low)
            alone = [encoded(image, form, quality) for image in few]
            yield Photograph(
                form,
                quality,
                error=float(np.mean(np.square(x - back, dtype="float64"))),
                rate=8 * len(content) / rows,
                alone=8 * float(np.mean([len(file) for file in alone])),
                without_headers=8 * float(np.mean([len(file) - header_length(file) for file in alone])),
            )


def encoded(image: np.ndarray, form: str, quality: int) -> bytes:
    """Return an image of 8 bits, `(height, width, channels)`, as a JPEG or WebP file."""
    target = io.BytesIO()
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    picture.save(target, form, quality=quality, **({"optimize": True} if form == "JPEG" else {"method": 6}))
    return target.getvalue()


def header_length(content: bytes) -> int:
    """Return the number of bytes before the coded pixels: those before the scan of a JPEG, or two headers."""
    if content[:2] != b"\xff\xd8":
        return 20
    place = 2
    while content[place + 1] != 0xDA:
        place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    return place + 2 + int.from_bytes(content[place + 2 : place + 4], "big")
