"""Uploads: finished folders, stored at an address."""

import contextlib
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from kerasae.files import check_new
from kerasae.remote._addresses import check_secrets, is_address, is_database
from kerasae.remote._copies import adopt
from kerasae.remote._objects import Objects, told

#: Folders in which work for an address was kept after an error.
_kept: dict[str, Path] = {}


class KeptFolderWarning(UserWarning):
    """Warning that names the folder in which work is kept after an error. `--quiet` shows it, too."""


def kept(where: str | Path) -> Path:
    """Return a path, or the folder in which the work for an address was kept after an error."""
    return _kept.get(str(where), Path(where))


def check_free(where: str | Path) -> None:
    """Check that a new folder can be made at a path or an address, before any work is done for it.

    Raises:
        FileExistsError: if there is something.
        OSError: if the folder cannot be made, or the address cannot be reached.
        ValueError: as for `check_empty`.
    """
    if is_address(where):
        check_empty(str(where))
    else:
        check_new(where)


def check_empty(address: str) -> None:
    """Check that a folder can be stored at an address, before any work is done for it.

    Raises:
        FileExistsError: if there is something at the address.
        ImportError: if the package for the protocol is missing.
        OSError: if the address cannot be reached.
        ValueError: if the address holds a secret, is that of a database, or its protocol is unknown.
    """
    check_secrets(address)
    if is_database(address):
        raise ValueError(f"Expected a place for a folder, such as s3://bucket/ship, received {address}.")
    if Objects(address).exists():
        raise FileExistsError(
            f"Expected an address where nothing is yet for --out, received {address}, which is kept as it "
            "is; choose another."
        )


def upload(folder: Path, address: str, *, last: str) -> None:
    """Store the files of a folder at an address. After an error, nothing is left there.

    Args:
        folder: Finished folder.
        address: Address where nothing is yet.
        last: Name of the file that completes the folder. It is stored after all others.

    Raises:
        PermissionError: if writing is refused.
        OSError: if a file cannot be stored.
    """
    from fsspec.implementations.local import LocalFileSystem

    place = Objects(address)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / last)
    made: list[str] = []
    with told(address, "write"):
        try:
            for path in [*files, folder / last]:
                where = f"{place.path.rstrip('/')}/{path.relative_to(folder).as_posix()}"
                if isinstance(place.system, LocalFileSystem):
                    # Other systems have no folders, or make them.
                    place.system.makedirs(where.rpartition("/")[0], exist_ok=True)
                made.append(where)
                place.system.put_file(str(path), where)
        except BaseException:
            # The error of the upload is the one to tell.
            for where in made:
                with contextlib.suppress(Exception):
                    place.system.rm_file(where)
            raise


@contextlib.contextmanager
def stored(where: str | Path, *, last: str) -> Iterator[Path]:
    """Give a path for a new folder; at an address, the finished folder is stored there.

    The folder of an address is made among the temporary files. After an error it stays there, even when the
    process ends, because the work of hours may be in it.

    Args:
        where: Path or address where nothing is yet.
        last: Name of the file that completes the folder. It is stored after all others.

    Raises:
        FileExistsError: if there is something at the address.
        OSError: as for `upload`.

    Warns:
        KeptFolderWarning: after an error: where the folder is.
    """
    if not is_address(where):
        yield Path(where)
        return
    address = str(where)
    check_empty(address)
    place = Path(tempfile.mkdtemp(prefix="kerasae-"))
    folder = place / Objects(address).name
    try:
        yield folder
        upload(folder, address, last=last)
    except BaseException:
        if folder.exists():
            _kept[address] = folder
            warnings.warn(
                f"Nothing is stored at {address}; the folder is kept: {folder}.",
                KeptFolderWarning,
                stacklevel=3,
            )
        else:
            place.rmdir()
        raise
    adopt(folder, address)
