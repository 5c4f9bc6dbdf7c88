"""Source: the files that data were read from. A later reading gives the same rows or is refused."""

import contextlib
import dataclasses
import hashlib
import json
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from kerasae.data._image_files import image_names
from kerasae.data._members import path_arguments
from kerasae.files import NewerFormatError, blocks, checksum, numbered, unnumbered, write_json
from kerasae.remote import absolute, copied

#: Number of the format of the file of a source.
FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Mark:
    """The identity of a file, or of a folder of images.

    Args:
        path: Absolute path, or an address.
        bytes: Size of the file in bytes, or of all images of the folder together.
        sha256: Checksum of the content of the file, or of the names and checksums of the images.
    """

    path: str
    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path | str) -> Self:
        """Return the mark of a file or folder, or of the copy of what an address names.

        Raises:
            OSError: if it cannot be read.
        """
        where, path = absolute(path), copied(path)
        if not path.is_dir():
            return cls(where, path.stat().st_size, checksum(path))
        images = {name: path / name for name in sorted(image_names(path))}
        size = sum(image.stat().st_size for image in images.values())
        marks = {name: _checksum_or_size(image) for name, image in images.items()}
        return cls(where, size, hashlib.sha256(json.dumps(marks).encode()).hexdigest())

    def same(self, other: "Mark") -> bool:
        """Return whether the content is the same, at any path."""
        return (self.bytes, self.sha256) == (other.bytes, other.sha256)


@dataclasses.dataclass(frozen=True)
class Source:
    """The files that data were read from, and how many rows each split had.

    The splits are drawn by row number. If a file changed, it would be split in another way, and rows that a
    model was trained on would be among its test rows.

    Args:
        files: Marks of the files, by the argument of the source that names the file. Empty for data without
            files, such as the digits.
        rows: Number of rows by split. Defaults to none.
    """

    files: Mapping[str, Mark]
    rows: Mapping[str, int] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> Self:
        """Return the source that the section `data` of a recipe names, without its rows.

        The arguments that name files are those in `PATHS`, beside the function of the source. Missing files
        are left out, because the source raises an error itself when it reads them.
        """
        paths = {key: section[key] for key in path_arguments(section["name"]) if section.get(key)}
        return cls({key: Mark.of(path) for key, path in paths.items() if copied(path).exists()})

    def same_files(self, other: "Source") -> bool:
        """Return whether all files have the same content, at any path."""
        return self.files.keys() == other.files.keys() and all(
            mark.same(other.files[key]) for key, mark in self.files.items()
        )

    @contextlib.contextmanager
    def opened(self, section: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Give a `data` section with the paths at which the same content lies.

        A file is searched first at the path where it was read before, then at the path in the section. The
        data may have moved, for example to another machine. If rows were added at the end of a file, a copy
        of its first part is read, which holds the rows of the first reading. In place of an address stands
        the path of its copy.

        Raises:
            FileNotFoundError: if a file is at neither place.
            ValueError: if a file has changed in another way.
        """
        with contextlib.ExitStack() as stack:
            paths = {}
            for key, mark in self.files.items():
                path = _find(mark, str(section[key]))
                if path.is_file() and path.stat().st_size > mark.bytes:
                    path = _beginning(path, mark, stack.enter_context(_folder()))
                paths[key] = str(path)
            yield {**section, **paths}

    def check_rows(self, rows: Mapping[str, int]) -> None:
        """Compare the number of rows of each split with those of the first reading, if these are known.

        Raises:
            ValueError: if a number differs.
        """
        if self.rows and dict(rows) != dict(self.rows):
            before, now = (" + ".join(f"{count:,}" for count in one.values()) for one in (self.rows, rows))
            raise ValueError(
                f"Expected splits of {before} rows, as in training, received {now}: "
                "the data, or what reads them, have changed; train again."
            )

    # Files ---------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return the source as plain JSON values."""
        return {
            "files": {key: dataclasses.asdict(mark) for key, mark in self.files.items()},
            "rows": dict(self.rows),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the source of the values that `to_dict` returns."""
        return cls({key: Mark(**mark) for key, mark in values["files"].items()}, values["rows"])

    def save(self, path: Path) -> None:
        """Write the source as JSON."""
        write_json(path, numbered(self.to_dict(), FORMAT))

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Read the file that `save` wrote; return `None` if there is no file.

        Raises:
            ValueError: if the file holds something else, or a newer kerasae wrote it.
        """
        if not path.is_file():
            return None
        try:
            return cls.from_dict(unnumbered(json.loads(path.read_bytes()), FORMAT, path))
        except NewerFormatError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(
                f"Expected what the data were read from in {path}, received something else; restore the "
                "file, or train again."
            ) from None


def _checksum_or_size(image: Path) -> str:
    """Return the checksum of an image, or its size if it cannot be read. Readers may skip such images."""
    try:
        return checksum(image)
    except OSError:
        return str(image.stat().st_size)


def _find(mark: Mark, written: str) -> Path:
    """Return the file with the content of a mark, or one that begins with it."""
    there, unreachable = [], None
    for place in dict.fromkeys((mark.path, absolute(written))):
        try:
            there.append(copied(place))
        except OSError as error:
            unreachable = error
    there = [path for path in there if path.exists()]
    if not there and unreachable is not None:
        raise unreachable
    if not there:
        raise FileNotFoundError(
            f"Expected the data of the training in {mark.path}, found nothing there; put them back, or give "
            "the command in a folder where the recipe finds them."
        )
    marks = {path: Mark.of(path) for path in there}
    for path, found in marks.items():
        if mark.same(found):
            return path
    for path, found in marks.items():
        longer = path.is_file() and found.bytes > mark.bytes
        if longer and checksum(path, mark.bytes) == mark.sha256:
            return path
    path, found = next(iter(marks.items()))
    size = f"{found.bytes:,} bytes" if found.bytes != mark.bytes else "as many bytes, but others"
    raise ValueError(
        f"Expected {path} as it was in training ({mark.bytes:,} bytes), received a changed one ({size}): its "
        "rows would be split in another way, and some that were trained on would be tested on; restore "
        "it, or train again."
    )


def _beginning(path: Path, mark: Mark, folder: str) -> Path:
    """Return a copy of the first part of a file that has grown."""
    copy = Path(folder) / path.name
    with copy.open("wb") as file:
        file.writelines(blocks(path, mark.bytes))
    warnings.warn(
        f"{path} has grown since the training: only its first {mark.bytes:,} bytes are read, which were all "
        "there was.",
        stacklevel=2,
    )
    return copy


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="kerasae-")
