"""Copies: files and folders of this process that hold what addresses name. They go with the process."""

import dataclasses
import functools
import os
import shutil
import tempfile
import threading
import warnings
from multiprocessing import util
from pathlib import Path

from kerasae.remote._addresses import absolute, check_secrets, is_address, is_database
from kerasae.remote._databases import Query
from kerasae.remote._objects import Objects


@dataclasses.dataclass(frozen=True)
class _Copy:
    """A copy of what an address names.

    Args:
        path: File or folder.
        stamp: Text that changes with the content there; `None` if nothing tells.
    """

    path: Path
    stamp: str | None


_copies: dict[str, _Copy] = {}
_lock = threading.RLock()


def fetched(where: str | Path) -> Path:
    """Return a path, or a copy of what an address names now. An unchanged object is not fetched again.

    Args:
        where: Path or address.

    Raises:
        FileNotFoundError: if there is nothing at the address.
        ImportError: if a package for the protocol or the database is missing.
        PermissionError: if reading is refused.
        OSError: if the copy fails. Nothing is left of it.
        ValueError: if the address holds a secret, its protocol is unknown, or a query is wrong.
    """
    if not is_address(where):
        return Path(where)
    address = absolute(where)
    check_secrets(address)
    source = Query(address) if is_database(address) else Objects(address)
    with _lock:
        stamp = source.stamp()
        known = _copies.get(address)
        if known is not None and stamp is not None and known.stamp == stamp and known.path.exists():
            return known.path
        place = _new_place()
        try:
            path = source.fetch(place)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        _copies[address] = _Copy(path, stamp)
    return path


def copied(where: str | Path) -> Path:
    """Return a path, or the last copy of what an address names, fetched if there is none yet.

    A file is marked, counted and read from one copy, although the object may change meanwhile.

    Args:
        where: Path or address.

    Raises:
        OSError: as for `fetched`, with the other errors there.
    """
    if not is_address(where):
        return Path(where)
    with _lock:
        known = _copies.get(absolute(where))
        return known.path if known is not None and known.path.exists() else fetched(where)


def forgotten(where: str) -> Path:
    """Forget the rows of a query, so that the next use asks for them; return an empty file in their place.

    A source is chosen by the name of a file. Its rows are not needed for that.

    Args:
        where: Address of a database.
    """
    address = absolute(where)
    check_secrets(address)
    with _lock:
        _copies.pop(address, None)
    empty = _home(os.getpid()) / Query(address).name
    empty.touch()
    return empty


def adopt(folder: Path, address: str) -> None:
    """Take a folder, alone in its own, for the copy of an address. It goes with this process from now on."""
    with _lock:
        _copies[address] = _Copy(folder, None)
    util.Finalize(None, shutil.rmtree, (folder.parent,), {"ignore_errors": True}, exitpriority=0)


def origin(folder: Path) -> str | None:
    """Return the address whose copy a folder is; `None` if it is no copy."""
    return next((address for address, copy in [*_copies.items()] if copy.path == folder), None)


def warn_of_copy(folder: Path, what: str) -> None:
    """Warn if what was written into a folder goes with this process, because it is a copy.

    Args:
        folder: Folder.
        what: What was written, for the beginning of the sentence.
    """
    if (address := origin(folder)) is not None:
        warnings.warn(
            f"{what} in the copy of {address}, and will be gone with this process; copy the run to a folder "
            "of this machine to keep what is written into it.",
            stacklevel=3,
        )


def shown(text: str) -> str:
    """Return a text in which addresses stand in place of the paths of their copies."""
    for address, copy in [*_copies.items()]:
        text = text.replace(str(copy.path), address)
    return text


def _new_place() -> Path:
    return Path(tempfile.mkdtemp(dir=_home(os.getpid())))


@functools.cache
def _home(process: int) -> Path:
    """Return the folder of the copies of a process, which is removed at its end."""
    home = tempfile.mkdtemp(prefix="kerasae-")
    # `atexit` does nothing in a process of `multiprocessing`, and removes this folder in a forked one.
    util.Finalize(None, shutil.rmtree, (home,), {"ignore_errors": True}, exitpriority=0)
    return Path(home)
