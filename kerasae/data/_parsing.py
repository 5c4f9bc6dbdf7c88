"""load_data and parse_source: the source that a name or a path stands for."""

import inspect
from collections.abc import Collection
from pathlib import Path
from typing import Any

from kerasae import registry
from kerasae.data._data import Data
from kerasae.data._members import accepts, claims, read_source
from kerasae.files import check_there
from kerasae.remote import fetched, forgotten, is_address, is_database

#: Arguments of a source for the rows of a query, which come as CSV.
_OF_QUERIES = {"header": True, "delimiter": ","}


def load_data(source: str | Path, **arguments: Any) -> Data:
    """Return the data of a name (`digits`), a path, an address, or `SOURCE:NAME` (`tfds:mnist`).

    Names win over paths: `./digits` is a path. An address names a file or a folder elsewhere
    (`s3://bucket/rows.csv`), or the rows of a query (`sqlite:///plant.db#readings`).

    Args:
        source: Name, path or address, as on the command line.
        **arguments: Arguments of the source.

    Raises:
        ValueError: for an unknown name, or a path that no source reads.
        FileNotFoundError: for a path where nothing is.
    """
    text = str(source) if isinstance(source, Path) else source
    section = parse_source(claimed(text, arguments)) | arguments
    name = section.pop("name")
    function = registry.resolve("data", name)
    registry.check("data", function, section)
    return read_source(name, section)


def claimed(source: str, arguments: Collection[str]) -> str:
    """Return `SOURCE:PATH` if an argument decides which source reads a path; otherwise the source unchanged.

    Args:
        source: Name, path or address, as for `load_data`.
        arguments: Names of the arguments that are given.
    """
    if is_address(source) or (isinstance(source, str) and Path(source).exists()):
        for name in registry.names("data"):
            if any(argument in arguments for argument in claims(name)):
                return f"{name}:{source}"
    return source


def parse_source(source: str, *, trained_on: str | None = None) -> dict[str, Any]:
    """Return the `data` section of a recipe for a source: its name and its first argument.

    Args:
        source: Name, path or address, as for `load_data`. An address is fetched.
        trained_on: Name of the source of a training, if more examples for its model are read. It takes a
            path before other sources. Defaults to `None`.

    Raises:
        ValueError: for an unknown name, or a path that no source reads.
        FileNotFoundError: for a path where nothing is.
    """
    if not isinstance(source, str):
        raise TypeError(
            f"Expected a name, a path or an address, received {type(source).__name__}; "
            "kerasae.data.make_data takes an array, kerasae.data.tables.from_frame a frame."
        )
    names = registry.names("data")
    if source in names and not _first(source):
        return {"name": source}
    name, colon, rest = source.partition(":")
    if colon and name in names and _first(name):
        if is_address(rest):
            _newest(rest)
        return _section(name, rest)
    path = _newest(source)
    for candidate in sorted(names, key=lambda name: name != trained_on):
        if accepts(candidate, path, more=trained_on is not None):
            return _section(candidate, source)
    if path.exists():
        raise ValueError(
            f"Expected data that a source reads (.npy, .npz, idx, idx.gz, .csv, .tsv, .xlsx, .parquet, .txt, "
            f"a folder of PNG or JPEG files), received {source}."
        )
    check_there(source)
    registry.check_name("data", source)
    first = _first(source)
    raise ValueError(f"Expected the {first} after {source!r}, as {source}:{first.upper()}, received nothing.")


def _newest(source: str) -> Path:
    """Return a path, or the newest copy of what an address names; for a query a file with the same ending."""
    return forgotten(source) if is_database(source) else fetched(source)


def _section(name: str, source: str) -> dict[str, Any]:
    """Return the section of a source for a path or an address."""
    taken = registry.parameters(registry.resolve("data", name))
    layout = {key: value for key, value in _OF_QUERIES.items() if key in taken} if is_database(source) else {}
    return {"name": name, _first(name): source, **layout}


def _first(name: str) -> str:
    """The argument that a source cannot do without, or an empty string."""
    for parameter in inspect.signature(registry.resolve("data", name)).parameters.values():
        if parameter.default is parameter.empty:
            return parameter.name
    return ""
