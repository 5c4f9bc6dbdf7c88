"""load_data and parse_source: the source that a name or a path stands for."""

import inspect
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from kerasae import registry
from kerasae.data._data import Data
from kerasae.data._members import accepts, claims


def load_data(source: str | Path, **arguments: Any) -> Data:
    """Return the data of a name (`digits`), a path, or `SOURCE:NAME` (`tfds:mnist`).

    Names win over paths: `./digits` is a path.

    Args:
        source: Name or path, as on the command line.
        **arguments: Arguments of the source.

    Raises:
        ValueError: for an unknown name, or a path that no source reads.
        FileNotFoundError: for a path where nothing is.
    """
    section = parse_source(claimed(str(source), arguments)) | arguments
    name = section.pop("name")
    function = registry.resolve("data", name)
    registry.check("data", function, section)
    return function(**section)


def claimed(source: str, arguments: Collection[str]) -> str:
    """Return `SOURCE:PATH` if an argument decides which source reads a path; otherwise the source unchanged.

    Args:
        source: Name or path, as for `load_data`.
        arguments: Names of the arguments that are given.
    """
    if Path(source).exists():
        for name in registry.names("data"):
            if any(argument in arguments for argument in claims(name)):
                return f"{name}:{source}"
    return source


def parse_source(source: str, *, trained_on: str | None = None) -> dict[str, Any]:
    """Return the `data` section of a recipe for a source: its name and its first argument.

    Args:
        source: Name or path, as for `load_data`.
        trained_on: Name of the source of a training, if more examples for its model are read. It takes a
            path before other sources. Defaults to `None`.

    Raises:
        ValueError: for an unknown name, or a path that no source reads.
        FileNotFoundError: for a path where nothing is.
    """
    names = registry.names("data")
    if source in names and not _first(source):
        return {"name": source}
    name, colon, rest = source.partition(":")
    if colon and name in names and _first(name):
        return {"name": name, _first(name): rest}
    path = Path(source)
    for candidate in sorted(names, key=lambda name: name != trained_on):
        if accepts(candidate, path, more=trained_on is not None):
            return {"name": candidate, _first(candidate): source}
    if path.exists():
        raise ValueError(
            f"Expected data that a source reads (.npy, .npz, idx, idx.gz, .csv, .tsv, .parquet, .txt, a "
            f"folder of PNG or JPEG files), received {source}."
        )
    if path.suffix or "/" in source or os.sep in source:
        raise FileNotFoundError(f"Expected data at {source}, found no such file or folder.")
    hint = registry.did_you_mean(source, [name for name in names if not _first(name)])
    raise ValueError(f"Unknown source {source!r}; {hint} A path or tfds:NAME is one too.")


def _first(name: str) -> str:
    """The argument that a source cannot do without, or an empty string."""
    for parameter in inspect.signature(registry.resolve("data", name)).parameters.values():
        if parameter.default is parameter.empty:
            return parameter.name
    return ""
