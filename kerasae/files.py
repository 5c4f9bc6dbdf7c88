"""Files that are written whole or not at all, files with a checksum in them, and arrays read with care."""

import contextlib
import hashlib
import io
import json
import math
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import filelock
import numpy as np

_SEAL = "sha256"


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary name, and rename the file under it to `path` once it is written.

    An error or an interrupt leaves neither the temporary file nor a part of it under `path`.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        yield new
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def alone(lock: Path, folder: Path) -> Iterator[None]:
    """Keep other processes that ask for the same lock out. The system frees that of a killed process.

    Args:
        lock: Path of the lock file, which is gone afterwards.
        folder: Folder that is written, for the message.

    Raises:
        FileExistsError: if another process holds the lock.
    """
    held = filelock.FileLock(lock, timeout=0)
    try:
        held.acquire()
    except filelock.Timeout:
        raise FileExistsError(
            f"Expected a folder for --out that no other command writes, received {folder}, where one is at "
            "work; wait for it, or choose another folder."
        ) from None
    try:
        yield
    finally:
        # Windows removes no open file.
        with contextlib.suppress(OSError):
            lock.unlink()
        held.release()


def write_text(path: Path, text: str) -> None:
    """Writes a text under a temporary name and renames it, so that it is there whole or not at all."""
    # A file name that is not UTF-8 holds what UTF-8 cannot write.
    _write(path, text.encode("utf-8", errors="backslashreplace"))


def write_json(path: Path, values: Any) -> None:
    """Writes JSON as `write_text` does."""
    _write(path, _text(values))


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays as a compressed `.npz`, as `write_text` does."""
    content = io.BytesIO()
    named: dict[str, Any] = dict(arrays)
    np.savez_compressed(content, **named)
    _write(path, content.getvalue())


def read_json(path: Path) -> Any:
    """Reads what `write_json` wrote.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"Expected JSON in {path}, received a damaged file ({error}); restore it.") from None


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Reads all arrays of an `.npz` file that kerasae wrote.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged.
    """
    try:
        return read_npz(path)
    except FileNotFoundError:
        raise
    except Exception as error:  # a damaged archive raises whatever its bytes happen to say
        raise ValueError(
            f"Expected arrays in {path}, received a damaged file ({reason_of(error)}); restore it."
        ) from None


class ObjectsError(ValueError):
    """An array holds objects, which are never unpickled."""


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Reads the arrays of an `.npz` file by name. Nothing is unpickled.

    Raises:
        ObjectsError: if an array holds objects.
        Exception: of many types, for a damaged file: those of NumPy, zipfile, zlib and Python's tokenizer.
    """
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.filename.endswith(".npy"):
                with archive.open(member) as file:
                    arrays[member.filename.removesuffix(".npy")] = read_npy(file, member.file_size)
    return arrays


def read_npy(file: IO[bytes], size: int) -> np.ndarray:
    """Reads an array in NumPy's format from a file of `size` bytes.

    Nothing is unpickled. The header is held against `size` before any memory is taken for the values.

    Raises:
        ObjectsError: if the array holds objects.
        Exception: of many types, for a damaged file: those of NumPy and Python's tokenizer.
    """
    if file.read(len(np.lib.format.MAGIC_PREFIX)) != np.lib.format.MAGIC_PREFIX:
        raise ValueError("no NumPy header")
    file.seek(0)
    version = np.lib.format.read_magic(file)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read_header is None:
        raise ValueError(f"version {version} of the format, which is for names of fields")
    shape, _, dtype = read_header(file)
    if dtype.hasobject:
        raise ObjectsError("an array of objects")
    if math.prod(shape) * dtype.itemsize > size - file.tell() or min(shape, default=0) < 0:
        raise ValueError(f"the header promises shape {shape}, the file holds {size} bytes")
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def reason_of(error: Exception, most: int = 300) -> str:
    """Returns what an exception of another library says, in one line of at most `most` characters."""
    text = " ".join(str(error).split()).rstrip(". ") or type(error).__name__
    return text if len(text) <= most else f"{text[:most].rstrip()} ..."


def write_sealed(path: Path, values: dict[str, Any]) -> None:
    """Writes a dict as JSON, with a checksum of it as the last entry."""
    write_json(path, {**values, _SEAL: _seal(values)})


def read_sealed(path: Path) -> dict[str, Any]:
    """Reads what `write_sealed` wrote.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is not as it was written.
    """
    content = path.read_bytes()
    try:
        values = json.loads(content)
        seal = values.pop(_SEAL)
        # The text too: another space or another way to write a number changes no value.
        whole = seal == _seal(values) and content == _text({**values, _SEAL: seal})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise ValueError(f"Expected {path} as it was written, received a damaged file: its checksum differs.")
    return values


def checksum(path: Path, most: int | None = None) -> str:
    """Returns the SHA-256 of a file's content, or of its first `most` bytes, in hexadecimal digits."""
    digest = hashlib.sha256()
    for block in blocks(path, most):
        digest.update(block)
    return digest.hexdigest()


def blocks(path: Path, most: int | None = None) -> Iterator[bytes]:
    """Yields a file's content, or its first `most` bytes, a megabyte at a time."""
    left = path.stat().st_size if most is None else most
    with path.open("rb") as file:
        while block := file.read(min(left, 2**20)):
            left -= len(block)
            yield block


def _write(path: Path, content: bytes) -> None:
    with whole_file(path) as new:
        new.write_bytes(content)


def _text(values: Any) -> bytes:
    return (json.dumps(values, indent=2) + "\n").encode()


def _seal(values: dict[str, Any]) -> str:
    # The values as JSON gives them back: tuples are lists there, and all keys are strings.
    text = json.dumps(json.loads(json.dumps(values)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
