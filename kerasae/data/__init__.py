"""Sources, one a file: each returns `Data`."""

import inspect
import os
from pathlib import Path
from typing import Any

from kerasae import registry
from kerasae.data._array_data import array_spec, make_data
from kerasae.data._data import NO_ROWS, Data
from kerasae.data._labels import has_label
from kerasae.data._members import accepts
from kerasae.data._more import read_examples
from kerasae.data._readings import HEADINGS, Reading, readings
from kerasae.data._source import Mark, Source
from kerasae.data._split import Examples, Split, drawn_rows

__all__ = [
    "HEADINGS",
    "NO_ROWS",
    "Data",
    "Examples",
    "Mark",
    "Reading",
    "Source",
    "Split",
    "array_spec",
    "drawn_rows",
    "has_label",
    "load_data",
    "make_data",
    "parse_source",
    "read_examples",
    "readings",
]


def load_data(source: str | Path, **arguments: Any) -> Data:
    """The data of a source: a name (`digits`), a path, or `SOURCE:NAME` (`tfds:mnist`).

    Names win over paths: `./digits` is a path.

    Args:
        source: what the command line takes as its positional argument.
        **arguments: of the source.

    Raises:
        ValueError: for an unknown name, or a path that no source reads.
        FileNotFoundError: for a path where nothing is.
    """
    section = parse_source(str(source)) | arguments
    name = section.pop("name")
    function = registry.resolve("data", name)
    registry.check("data", function, section)
    return function(**section)


def parse_source(source: str) -> dict[str, Any]:
    """The `data` section of a recipe for a source: its name and the argument it begins with."""
    names = registry.names("data")
    if source in names and not _first(source):
        return {"name": source}
    name, colon, rest = source.partition(":")
    if colon and name in names and _first(name):
        return {"name": name, _first(name): rest}
    path = Path(source)
    for candidate in names:
        if accepts(candidate, path):
            return {"name": candidate, _first(candidate): source}
    plain = [candidate for candidate in names if not _first(candidate)]
    if path.exists():
        raise ValueError(
            f"Expected data that a source reads (.npy, .npz, idx, idx.gz, .csv, .tsv, .parquet, .txt, a "
            f"folder of PNG or JPEG files), received {source}."
        )
    if path.suffix or "/" in source or os.sep in source:
        raise FileNotFoundError(f"Expected data at {source}, found no such file or folder.")
    hint = registry.did_you_mean(source, plain)
    raise ValueError(f"Unknown source {source!r}; {hint} A path or tfds:NAME is one too.")


def _first(name: str) -> str:
    """The argument that a source cannot do without, or an empty string."""
    for parameter in inspect.signature(registry.resolve("data", name)).parameters.values():
        if parameter.default is parameter.empty:
            return parameter.name
    return ""
