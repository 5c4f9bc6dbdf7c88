"""Packed files: names and content of files that are compressed, `.gz`, `.bz2`, `.xz`, `.zst` or `.zip`."""

import bz2
import contextlib
import errno
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pyarrow as pa


def _open_zstandard(path: Path) -> Any:
    # The package zstandard reads a file that is cut without an error.
    return pa.input_stream(str(path), compression="zstd")


OPENERS: dict[str, Callable[[Path], Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zst": _open_zstandard,
}
_TEXT = (".csv", ".tsv", ".txt")


def text_suffix(path: Path) -> str:
    """Return a file's ending in lower case, without that of its compression: `.csv` for `a.csv.gz`.

    A `.zip` file has the ending of the files in it, or its own if they have several.
    """
    suffix = path.suffix.lower()
    if suffix in OPENERS:
        return Path(path.stem).suffix.lower()
    if suffix == ".zip" and path.is_file():
        # A damaged archive is refused when it is read.
        with contextlib.suppress(ValueError), reading(path), zipfile.ZipFile(path) as archive:
            inner = {Path(member).suffix.lower() for member in _members(archive)}
            return inner.pop() if len(inner) == 1 else suffix
    return suffix


def stem(path: Path) -> str:
    """Return the name of a file without its endings."""
    inner = Path(path.stem)
    return inner.stem if inner.suffix.lower() in _TEXT else path.stem


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn the errors of a damaged archive into a ValueError of one line."""
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, OSError) as error:
        # A damaged archive raises an OSError too, without a number or with that of a wrong seek.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise ValueError(f"Expected a whole {path.suffix} file in {path}, received: {error}.") from None
    # `zipfile` raises it for passwords, and NotImplementedError, its subclass, for unusual compressions.
    except RuntimeError as error:
        raise ValueError(
            f"Expected a {path.suffix} file without a password and in a usual compression in {path}, "
            f"received: {error}; unpack it first."
        ) from None


@contextlib.contextmanager
def open_packed(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, unpacked if it is compressed."""
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
    with OPENERS.get(suffix, lambda one: one.open("rb"))(path) as file:
        yield file


def _members(archive: zipfile.ZipFile) -> list[str]:
    return [
        one.filename
        for one in archive.infolist()
        if not one.is_dir() and not one.filename.startswith("__MACOSX/")
    ]
