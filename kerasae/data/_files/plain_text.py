"""PlainText: a text file in UTF-8, whatever its compression and encoding."""

import codecs
import shutil
from pathlib import Path

from kerasae.data._files.encoding import START, encoding_named, marked_encoding
from kerasae.data._files.packed import OPENERS, open_packed, reading
from kerasae.data._files.temporary import TemporaryCopy


class PlainText:
    """A text file in UTF-8, in place or as a temporary copy.

    Args:
        path: Path of the file. `.gz`, `.bz2`, `.xz`, `.zst` and a `.zip` of one file are unpacked.
        encoding: Encoding by its name in Python. Defaults to `None`, for UTF-8, or UTF-16 or UTF-32 with its
            mark.

    Attributes:
        path: Path of the text in UTF-8.

    Raises:
        ValueError: if an archive is damaged, holds several files or has a password, if the encoding is
            unknown, or if the bytes are not of the encoding.
    """

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self._source = path
        with reading(path), open_packed(path) as file:
            start = file.read(START)
        found = encoding_named(encoding) if encoding is not None else marked_encoding(start)
        packed = path.suffix.lower() in (*OPENERS, ".zip")
        self.path = path
        if packed or found != "utf-8":
            self._copied = TemporaryCopy()
            self.path = self._copied.path
            self._copy(found)

    def _copy(self, encoding: str) -> None:
        with reading(self._source), open_packed(self._source) as file, self.path.open("wb") as copy:
            if encoding == "utf-8":
                shutil.copyfileobj(file, copy, 1 << 20)
                return
            decoder = codecs.getincrementaldecoder(encoding)()
            try:
                while block := file.read(1 << 20):
                    copy.write(decoder.decode(block).encode())
                copy.write(decoder.decode(b"", final=True).encode())
            except UnicodeError as error:
                raise ValueError(
                    f"Expected {encoding} in {self._source}, received bytes that are none of it "
                    f"({getattr(error, 'reason', error)}); name another with --encoding."
                ) from None
