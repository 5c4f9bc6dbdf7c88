"""The reader of images."""

import io
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from fuzzing.changes import changed
from fuzzing.reader import Reader


class Picture(Reader):
    """PNG and JPEG files."""

    file = "input.png"

    def sound(self) -> Iterable[bytes]:
        gradient = np.arange(8 * 8 * 4).reshape(8, 8, 4).astype("uint8")
        gradient[..., 3] = 255
        for mode in ("L", "RGB", "P", "1", "RGBA", "LA"):
            image = Image.fromarray(gradient).convert(mode)
            file = io.BytesIO()
            image.save(file, "PNG")
            yield file.getvalue()
        for mode in ("L", "RGB", "CMYK"):
            turned = Image.Exif()
            turned[0x0112] = 6
            file = io.BytesIO()
            Image.fromarray(gradient[..., :3]).convert(mode).save(file, "JPEG", exif=turned)
            yield file.getvalue()

    def damaged(self, rng: Random) -> bytes:
        data = changed(rng.choice(self.seeds), rng)
        return _with_sums(data) if rng.random() < 0.7 else data

    def __call__(self, path: Path) -> None:
        from kerasae.backend import quiet
        from kerasae.data.images import images
        from kerasae.image_decoding import decode_image

        # What libjpeg says of a damaged file.
        with quiet(show_failure=False):
            data = images(str(path), test=1.0, size=(8, 8))
            decode_image(path.read_bytes(), data.spec.shape)


def _with_sums(data: bytes) -> bytes:
    """A PNG whose parts have the checksums that their content asks for."""
    found, place = data[:8], 8
    while data[:4] == b"\x89PNG" and place + 12 <= len(data):
        size = struct.unpack(">I", data[place : place + 4])[0]
        if place + 12 + size > len(data):
            break
        content = data[place + 4 : place + 8 + size]
        found += data[place : place + 4] + content + struct.pack(">I", zlib.crc32(content))
        place += 12 + size
    return found + data[place:]
