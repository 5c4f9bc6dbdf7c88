"""Files that are written whole or not at all, and files with a checksum in them."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

_SEAL = "sha256"


def write_text(path: Path, text: str) -> None:
    """Writes a text under a temporary name and renames it, so that it is there whole or not at all."""
    # A file name that is not UTF-8 holds what UTF-8 cannot write.
    _write(path, text.encode("utf-8", errors="backslashreplace"))


def write_json(path: Path, values: Any) -> None:
    """Writes JSON as `write_text` does."""
    _write(path, _text(values))


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
    """Reads all arrays of an `.npz` file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)
    except FileNotFoundError:
        raise
    except Exception as error:  # a damaged archive raises whatever its bytes happen to say
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"Expected arrays in {path}, received a damaged file ({reason}).") from None


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
    new = path.with_name(f"{path.name}.new")
    try:
        new.write_bytes(content)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _text(values: Any) -> bytes:
    return (json.dumps(values, indent=2) + "\n").encode()


def _seal(values: dict[str, Any]) -> str:
    # The values as JSON gives them back: tuples are lists there, and all keys are strings.
    text = json.dumps(json.loads(json.dumps(values)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
