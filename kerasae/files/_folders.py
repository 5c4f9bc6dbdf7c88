"""New folders: one is never written over, and is there when everything in it is."""

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kerasae.files._files import alone, parents_made


def check_local(folder: str | Path) -> None:
    """Check that a folder to write is a path of this machine.

    Raises:
        ValueError: If it is an address.
    """
    # A path has one slash where an address has two; a drive of Windows has one letter.
    if re.match(r"[A-Za-z][\w+.\-]+:/", Path(folder).as_posix()):
        raise ValueError(
            f"Expected a folder of this machine for --out, received the address {folder}; choose a folder, "
            "and copy it there afterwards."
        )


def check_new(folder: str | Path) -> None:
    """Check that a new folder can be created, before any work is done for it.

    Raises:
        FileExistsError: If the folder exists.
        OSError: If the folder cannot be created.
        ValueError: If it is an address.
    """
    check_local(folder)
    folder = Path(folder)
    if os.path.lexists(folder):
        raise _taken(folder)
    parent = next(path for path in folder.absolute().parents if path.exists())
    try:
        # A file without a name: a process that is killed here leaves nothing.
        tempfile.TemporaryFile(dir=parent).close()
    except OSError as error:
        raise OSError(
            f"Expected a folder that can be written for --out, received {folder}: nothing can be "
            f"made in {parent} ({error.strerror})."
        ) from None


def make_new(folder: Path) -> None:
    """Create a new folder and its parents.

    Raises:
        FileExistsError: If the folder exists, perhaps only since `check_new`.
    """
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise _taken(folder) from None


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a hidden folder, which is renamed to `path` after everything in it is written.

    Raises:
        FileExistsError: If the folder exists, or another process is writing it.
    """
    check_new(path)
    with parents_made(path), alone(path.with_name(f".{path.name}.lock"), path):
        hidden = path.with_name(f".{path.name}.unfinished")
        # This is the folder of a killed process; a running one would hold the lock.
        shutil.rmtree(hidden, ignore_errors=True)
        hidden.mkdir()
        try:
            yield hidden
            check_new(path)
            hidden.rename(path)
        finally:
            shutil.rmtree(hidden, ignore_errors=True)


def _taken(folder: Path) -> FileExistsError:
    return FileExistsError(
        f"Expected a folder that does not exist yet for --out, received {folder}, which is kept "
        "as it is; choose another."
    )
