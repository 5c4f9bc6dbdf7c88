"""Uploads: a finished folder of this machine, stored at an address."""

import contextlib
from pathlib import Path

from kerasae.remote._addresses import check_secrets, is_database
from kerasae.remote._objects import Objects, told


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
    stored: list[str] = []
    with told(address, "write"):
        try:
            for path in [*files, folder / last]:
                where = f"{place.path.rstrip('/')}/{path.relative_to(folder).as_posix()}"
                if isinstance(place.system, LocalFileSystem):
                    # Other systems have no folders, or make them.
                    place.system.makedirs(where.rpartition("/")[0], exist_ok=True)
                stored.append(where)
                place.system.put_file(str(path), where)
        except BaseException:
            # The error of the upload is the one to tell.
            for where in stored:
                with contextlib.suppress(Exception):
                    place.system.rm_file(where)
            raise
