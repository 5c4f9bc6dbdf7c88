"""Objects: a file or a folder that fsspec reads, whatever the protocol."""

import contextlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from kerasae.files import reason_of
from kerasae.remote._addresses import filled, hidden, name_of, protocol_of

#: Extra of kerasae that brings the package for a protocol.
_EXTRAS = {
    **dict.fromkeys(("s3", "s3a"), "s3"),
    **dict.fromkeys(("gs", "gcs"), "gs"),
    **dict.fromkeys(("http", "https"), "http"),
    **dict.fromkeys(("abfs", "abfss", "az", "adl"), "azure"),
    "hf": "hf",
}
#: What a file system tells about an object that changes with its content.
_EVIDENCE = (
    *("ETag", "etag", "checksum", "Content-MD5", "Digest", "md5Hash", "blob_id", "generation"),
    *("Last-Modified", "LastModified", "last_modified", "mtime", "modified", "updated", "created"),
)
#: Status of HTTP for a request that needs another name or password, and for what does not exist.
_REFUSED, _MISSING = (401, 403), 404
#: Endings for objects without one, by the type that a server tells.
_ENDINGS = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "text/plain": ".txt",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}


class Objects:
    """A file or a folder at an address.

    Args:
        address: Address, such as `s3://bucket/rows.csv`.

    Raises:
        ImportError: if the package for the protocol is missing.
        ValueError: if the protocol is unknown, or if an environment variable is not set.
    """

    def __init__(self, address: str) -> None:
        self.address, self.name = address, name_of(address)
        self.system, self.path = _opened(address)
        self._found: Any = None

    def exists(self) -> bool:
        """Return whether there is something at the address."""
        with told(self.address):
            self.system.invalidate_cache()
            return bool(self.system.exists(self.path))

    def stamp(self) -> str | None:
        """Return a text that changes with the content; `None` if the file system tells nothing about it.

        Raises:
            FileNotFoundError: if there is nothing.
            OSError: if it cannot be reached.
        """
        with told(self.address):
            # A listing of an earlier call may be out of date.
            self.system.invalidate_cache()
            self._found = self.system.info(self.path)
            is_folder = self._found["type"] == "directory"
            files = self._files() if is_folder else {self.name: self._found}
        if not is_folder and not PurePosixPath(self.name).suffix:
            self.name += _ENDINGS.get(self._found.get("mimetype", ""), "")
        evidence = [
            (name, info.get("size"), [str(info[key]) for key in _EVIDENCE if info.get(key)])
            for name, info in files.items()
        ]
        return repr(evidence) if all(marks for *_, marks in evidence) else None

    def fetch(self, place: Path) -> Path:
        """Copy the file or the folder into a folder, and return the copy. `stamp` was called before.

        Raises:
            FileNotFoundError: if a folder holds no files.
            OSError: if it cannot be read as a whole.
        """
        copy = place / self.name
        with told(self.address):
            if self._found["type"] != "directory":
                self.system.get_file(self.path, str(copy))
                sizes = {copy: self._found.get("size")}
            else:
                files = self._files()
                if not files:
                    raise FileNotFoundError(self.path)
                copies = [copy / name for name in files]
                for folder in {one.parent for one in copies}:
                    folder.mkdir(parents=True, exist_ok=True)
                self.system.get([info["name"] for info in files.values()], [str(one) for one in copies])
                sizes = {one: info.get("size") for one, info in zip(copies, files.values(), strict=True)}
            for one, size in sizes.items():
                if one.stat().st_size < (size or 0):
                    raise OSError(f"{one.stat().st_size:,} of {size:,} bytes of {one.name}")
        return copy

    def _files(self) -> dict[str, Any]:
        """Return the files of the folder by their paths in it."""
        root = self._found["name"].strip("/")
        found = {}
        for name, info in sorted(self.system.find(self.path, detail=True).items()):
            parts = PurePosixPath(name.strip("/").removeprefix(root).lstrip("/")).parts
            # Some stores keep an empty object for a folder.
            if parts and not name.endswith("/") and ".." not in parts:
                found[str(PurePosixPath(*parts))] = info
        return found


def _opened(address: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path in it."""
    # Its import takes a tenth of a second, and most data lie on this machine.
    import fsspec

    protocol = protocol_of(address)
    try:
        system, path = fsspec.core.url_to_fs(filled(address))
    except ImportError as error:
        extra = _EXTRAS.get(protocol)
        remedy = f": {reason_of(error)}" if extra is None else f"; pip install 'kerasae[{extra}]'"
        raise ImportError(f"Expected the package that reads {protocol}://, found none{remedy}.") from None
    except ValueError as error:
        if "rotocol" not in str(error):
            raise ValueError(hidden(str(error), address)) from None
        raise ValueError(
            f"Unknown protocol {protocol}:// in {address}; expected one of fsspec, such as s3://, gs://, "
            "https:// or hf://, or a database of SQLAlchemy, such as sqlite:///."
        ) from None
    return system, path


@contextlib.contextmanager
def told(address: str, verb: str = "read") -> Iterator[None]:
    """Turn the errors of a file system into errors of one line, without secrets."""
    try:
        yield
    except Exception as error:
        cause: Any = error
        if protocol_of(address) in ("http", "https") and isinstance(error, FileNotFoundError):
            # The file system of HTTP tells each error as a missing file.
            cause = error.__cause__ or error
        status = getattr(cause, "status", None)
        if isinstance(cause, FileNotFoundError) or status == _MISSING:
            raise FileNotFoundError(
                f"Expected {'data' if verb == 'read' else 'a place'} at {address}, found nothing there."
            ) from None
        reason = hidden(reason_of(cause), address)
        if isinstance(cause, PermissionError) or status in _REFUSED or _asks_for_a_name(cause, reason):
            raise PermissionError(
                f"Expected leave to {verb} {address}, was refused ({reason}); give credentials as the "
                f"package for {protocol_of(address)}:// takes them, by environment variables or its file."
            ) from None
        raise OSError(f"Expected to {verb} {address}, failed: {reason}.") from None


def _asks_for_a_name(error: Exception, reason: str) -> bool:
    """Return whether the package of a protocol found no credentials, or was refused in words of its own."""
    return "Credentials" in type(error).__name__ or reason.startswith("Forbidden")
