"""A table in text as a plain file in UTF-8, whatever its compression and encoding."""

import bz2
import codecs
import contextlib
import errno
import gzip
import lzma
import os
import shutil
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import charset_normalizer

_OPENERS: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_TEXT = (".csv", ".tsv", ".txt")
#: Longest first, as that of UTF-32 begins like that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_START = 1 << 16


def text_suffix(path: Path) -> str:
    """The ending of a file's name without that of its compression, in lower case: `.csv` of `a.csv.gz`.

    A `.zip` has the ending of the files in it, or its own.
    """
    suffix = path.suffix.lower()
    if suffix in _OPENERS:
        return Path(path.stem).suffix.lower()
    if suffix == ".zip" and path.is_file():
        # A damaged one is refused where it is read.
        with contextlib.suppress(ValueError), _reading(path), zipfile.ZipFile(path) as archive:
            inner = {Path(member).suffix.lower() for member in _members(archive)}
            return inner.pop() if len(inner) == 1 else suffix
    return suffix


def stem(path: Path) -> str:
    """The name of a file without its endings."""
    inner = Path(path.stem)
    return inner.stem if inner.suffix.lower() in _TEXT else path.stem


class TemporaryCopy:
    """A file that is deleted with this object.

    Attributes:
        path: of the file, which is empty at first.
    """

    def __init__(self) -> None:
        handle, name = tempfile.mkstemp(prefix="kerasae-")
        os.close(handle)
        self.path = Path(name)
        weakref.finalize(self, self.path.unlink, missing_ok=True)


class PlainText:
    """A text file in UTF-8, in place or as a temporary copy.

    Args:
        path: of the file; `.gz`, `.bz2`, `.xz` and a `.zip` of one file are unpacked.
        encoding: as Python names it; `None` for UTF-8, or UTF-16 or UTF-32 with its mark.

    Attributes:
        path: of the text in UTF-8.

    Raises:
        ValueError: for an archive that is damaged, ambiguous or under a password, an unknown encoding, or
            bytes that are none of it.
    """

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self._source = path
        with _reading(path), _open(path) as file:
            start = file.read(_START)
        found = _normal(encoding) if encoding is not None else _marked(start)
        packed = path.suffix.lower() in (*_OPENERS, ".zip")
        self.path = path
        if packed or found != "utf-8":
            self._copied = TemporaryCopy()
            self.path = self._copied.path
            self._copy(found)

    def _copy(self, encoding: str) -> None:
        with _reading(self._source), _open(self._source) as file, self.path.open("wb") as copy:
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


def encoding_advice(path: Path) -> str:
    """What to do about a file that is not UTF-8."""
    with path.open("rb") as file:
        best = charset_normalizer.from_bytes(file.read(_START)).best()
    # Of the encodings of Western letters the detector names any one; of others it knows the alphabet.
    western = best is None or all("Latin" in one or "Control" in one for one in best.alphabets)
    guess = "latin-1" if best is None or western or best.encoding == "utf_8" else best.encoding
    return f"name its encoding, which may be --encoding {guess}"


def _normal(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise ValueError(
            f"Unknown encoding {encoding!r}; expected one that Python knows, such as latin-1 or utf-16."
        ) from None


def _marked(start: bytes) -> str:
    """UTF-8, unless a mark or the zeros of UTF-16 say otherwise."""
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    # Text of mostly ASCII in UTF-16 has a zero in every other byte.
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        half = start[offset : 2 * (len(start) // 2) : 2]
        if half and half.count(0) > len(half) / 2:
            return encoding
    return "utf-8"


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Says in one line what is wrong with an archive."""
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, OSError) as error:
        # A damaged archive raises one too, without a number or with that of a seek before the beginning.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise ValueError(f"Expected a whole {path.suffix} file in {path}, received: {error}.") from None
    # So `zipfile` refuses passwords and, with NotImplementedError, other compressions than the usual ones.
    except RuntimeError as error:
        raise ValueError(
            f"Expected a {path.suffix} file without a password and in a usual compression in {path}, "
            f"received: {error}; unpack it first."
        ) from None


@contextlib.contextmanager
def _open(path: Path) -> Iterator[IO[bytes]]:
    suffix = path.suffix.lower()
    if suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            members = _members(archive)
            if len(members) != 1:
                raise ValueError(
                    f"Expected one file in {path}, received {len(members)} ({', '.join(members[:4])}); "
                    "unpack it and name the one that is wanted."
                )
            with archive.open(members[0]) as file:
                yield file
        return
    with _OPENERS.get(suffix, lambda one: one.open("rb"))(path) as file:
        yield file


def _members(archive: zipfile.ZipFile) -> list[str]:
    return [
        one.filename
        for one in archive.infolist()
        if not one.is_dir() and not one.filename.startswith("__MACOSX/")
    ]
