"""Atomic writing of files and folders, files that contain their own checksum, and safe reading of arrays."""

import contextlib
import glob
import hashlib
import io
import json
import math
import os
import secrets
import shutil
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import filelock
import numpy as np

from kerasae.files.format_number import numbered, unnumbered

_SEAL = "sha256"
#: Age at which a temporary file is that of a killed process, in seconds.
_STALE = 86_400


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path, and rename the file written there to `path` afterwards.

    Processes that write the same file have different temporary paths, and the last one wins. After an error
    or an interrupt there is no temporary file and no partial file at `path`. The temporary file of a killed
    process is removed by a later call, a day after the kill.
    """
    _sweep(path)
    new = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}.new")
    try:
        yield new
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _sweep(path: Path) -> None:
    """Remove the temporary files of killed processes beside a path."""
    for left in path.parent.glob(f"{glob.escape(path.name)}.*-*.new"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _STALE:
                left.unlink()


@contextlib.contextmanager
def alone(lock: Path, folder: Path) -> Iterator[None]:
    """Hold a lock, so that no other process writes the same folder. The lock of a killed process is freed.

    Args:
        lock: Path of the lock file, which is removed afterwards.
        folder: Folder that is written, for the error message.

    Raises:
        FileExistsError: If another process holds the lock.
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
        # Windows does not remove an open file.
        with contextlib.suppress(OSError):
            lock.unlink()
        held.release()


@contextlib.contextmanager
def parents_made(path: Path) -> Iterator[None]:
    """Create the folders above a path. After an error those that were created and are empty are removed."""
    missing = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        # The nearest comes first.
        for folder in missing:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


@contextlib.contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder, which takes the place of `folder` after everything in it is written.

    After an error or an interrupt the earlier folder is in its place. After a kill `put_back` puts it there;
    every reader of such a folder calls it first.

    Raises:
        FileExistsError: If another process replaces the folder.
    """
    new, old, lock = _beside(folder)
    with parents_made(folder), alone(lock, folder):
        try:
            _restore(folder, old)
            for rest in (new, old):
                shutil.rmtree(rest, ignore_errors=True)
            new.mkdir()
            yield new
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
        finally:
            _restore(folder, old)
            for rest in (new, old):
                shutil.rmtree(rest, ignore_errors=True)


def put_back(folder: Path) -> None:
    """Put back a folder that `replaced_folder` had moved away when its process was killed.

    While another process replaces the folder, nothing is done.
    """
    _, old, lock = _beside(folder)
    if folder.exists() or not old.is_dir():
        return
    with contextlib.suppress(OSError), alone(lock, folder):
        _restore(folder, old)


def _beside(folder: Path) -> list[Path]:
    """Return the paths of the new folder, of the folder that was moved away, and of the lock."""
    return [folder.with_name(f".{folder.name}.{word}") for word in ("new", "old", "lock")]


def _restore(folder: Path, old: Path) -> None:
    if old.is_dir() and not folder.exists():
        old.rename(folder)


def write_text(path: Path, text: str) -> None:
    """Write a text atomically: to a temporary file that is renamed to `path`."""
    # The text may contain a file name that is not valid UTF-8.
    _write(path, text.encode("utf-8", errors="backslashreplace"))


def write_json(path: Path, values: Any) -> None:
    """Write values as JSON, atomically."""
    _write(path, _text(values))


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays as a compressed `.npz` file, atomically."""
    content = io.BytesIO()
    named: dict[str, Any] = dict(arrays)
    np.savez_compressed(content, **named)
    _write(path, content.getvalue())


def read_json(path: Path) -> Any:
    """Read a file of `write_json`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"Expected JSON in {path}, received a damaged file ({error}); restore it.") from None


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of an `.npz` file that kerasae wrote.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged.
    """
    try:
        return read_npz(path)
    except FileNotFoundError:
        raise
    except Exception as error:  # a damaged archive may raise any error
        raise ValueError(
            f"Expected arrays in {path}, received a damaged file ({reason_of(error)}); restore it."
        ) from None


class ObjectsError(ValueError):
    """Error for an array of objects, which are never unpickled."""


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of an `.npz` file by name. Nothing is unpickled.

    Raises:
        ObjectsError: If an array contains objects.
        Exception: If the file is damaged, an error of NumPy, zipfile, zlib or Python's tokenizer.
    """
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.filename.endswith(".npy"):
                with archive.open(member) as file:
                    arrays[member.filename.removesuffix(".npy")] = read_npy(file, member.file_size)
    return arrays


def read_npy(file: IO[bytes], size: int) -> np.ndarray:
    """Read an array in NumPy's format.

    Nothing is unpickled. The shape in the header is checked against the file size before any memory is
    allocated for the values.

    Args:
        file: Open file.
        size: Size of the file, in bytes.

    Raises:
        ObjectsError: If the array contains objects.
        Exception: If the file is damaged, an error of NumPy or Python's tokenizer.
    """
    read_npy_header(file, size)
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def read_npy_header(file: IO[bytes], size: int) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Read the header of an array in NumPy's format: shape, whether columns come first, and type.

    Args:
        file: Open file, which is then at the first value.
        size: Size of the file, in bytes.

    Raises:
        ObjectsError: If the array contains objects.
        Exception: If the file is damaged, an error of NumPy or Python's tokenizer.
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
    shape, fortran, dtype = read_header(file)
    if dtype.hasobject:
        raise ObjectsError("an array of objects")
    if math.prod(shape) * dtype.itemsize > size - file.tell() or min(shape, default=0) < 0:
        raise ValueError(f"the header promises shape {shape}, the file holds {size} bytes")
    return shape, fortran, dtype


def reason_of(error: Exception, most: int = 300) -> str:
    """Return the message of an exception in one line of at most `most` characters."""
    text = " ".join(str(error).split()).rstrip(". ") or type(error).__name__
    return text if len(text) <= most else f"{text[:most].rstrip()} ..."


def write_sealed(path: Path, values: dict[str, Any], number: int) -> None:
    """Write a dict as JSON, with the number of its format first and its checksum last."""
    values = numbered(values, number)
    write_json(path, {**values, _SEAL: _seal(values)})


def read_sealed(path: Path, newest: int) -> dict[str, Any]:
    """Read a file of `write_sealed`.

    Args:
        path: Path of the file.
        newest: Largest number of a format that the caller reads.

    Raises:
        FileNotFoundError: If there is no such file.
        NewerFormatError: If a newer kerasae wrote it.
        ValueError: If the file has changed since it was written.
    """
    content = path.read_bytes()
    try:
        values = json.loads(content)
        seal = values.pop(_SEAL)
        # The text is compared too: a space or another notation of a number would not change a value.
        whole = seal == _seal(values) and content == _text({**values, _SEAL: seal})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise ValueError(f"Expected {path} as it was written, received a damaged file: its checksum differs.")
    checked: dict[str, Any] = unnumbered(values, newest, path)
    return checked


def checksum(path: Path, most: int | None = None) -> str:
    """Return the hexadecimal SHA-256 of a file, or of its first `most` bytes."""
    digest = hashlib.sha256()
    for block in blocks(path, most):
        digest.update(block)
    return digest.hexdigest()


def blocks(path: Path, most: int | None = None) -> Iterator[bytes]:
    """Yield the content of a file, or its first `most` bytes, in blocks of one megabyte."""
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
    # The checksum is of the values as JSON returns them, where tuples are lists and all keys are strings.
    text = json.dumps(json.loads(json.dumps(values)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
