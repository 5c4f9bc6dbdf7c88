"""read_examples: more examples of the kind that a model was trained on, all of them and in their order."""

import inspect
from pathlib import Path
from typing import Any

from kerasae import registry
from kerasae.data._base import Data
from kerasae.data._csv import CsvFile, ParquetFile
from kerasae.data._skipping import Skipped
from kerasae.data._split import Examples
from kerasae.data.images import is_image
from kerasae.spec import Spec

#: What a data section says of the splits, of which there are none here.
_OF_SPLITS = ("validation", "calibration", "test", "seed", "test_path", "test_labels")
#: Arguments of a source that name a column; a new file may be without it.
_COLUMNS = ("labels", "id", "drop")


def read_examples(source: str, section: dict[str, Any], spec: Spec) -> tuple[str, Examples]:
    """All rows of a source, read as those were that a model was trained on.

    Columns of a table have the types that they had in training; images have its size. A column of
    labels or names that a new file lacks is no error.

    Args:
        source: a name or path, as for `load_data`, or one image.
        section: `data` of the recipe of the training.
        spec: fitted, of the training.

    Returns:
        A name for titles, and the rows; where the file has a test split of its own, those of it.

    Raises:
        ValueError: for examples of another kind or shape.
    """
    from kerasae.data import parse_source

    alone = is_image(Path(source))
    parsed = {"name": "images", "path": source} if alone else parse_source(source)
    name = parsed["name"]
    if section["name"] == "text" and name == "tables":
        parsed = {"name": (name := "text"), "path": parsed["path"]}
    reader = registry.resolve("data", name)
    taken = inspect.signature(reader).parameters
    given = dict(parsed)
    if name == section["name"]:
        given = {key: value for key, value in section.items() if key not in _OF_SPLITS} | parsed
    given.pop("name")
    # Labels in a file of their own belong to the rows of the training.
    if name == "arrays":
        given.pop("labels", None)
    if name in ("tables", "text"):
        _leave_out(given)
    if name == "tables":
        kinds = {column.name: column.kind for column in spec.features}
        given["types"] = {**kinds, **(given.get("types") or {})}
    if name == "images":
        if spec.kind != "image":
            raise ValueError(
                f"Expected examples like those of the training, {_words(spec)}, received images in {source}."
            )
        given |= {"size": spec.shape[:2], "channels": spec.shape[2]}
    data: Data = reader(**given, **({"test": 1.0} if "test" in taken else {}))
    found = data.spec
    if found.kind != spec.kind or (spec.kind in ("image", "vector") and found.shape != spec.shape):
        raise ValueError(
            f"Expected examples like those of the training, {_words(spec)}, received {_words(found)}."
        )
    return data.name, data.test


def _leave_out(given: dict[str, Any]) -> None:
    """Takes back the names of columns that a file does not have."""
    path = Path(given["path"])
    if path.suffix.lower() == ".txt":
        # Lines, where the training read a column.
        for key in ("column", "labels", "header", "delimiter"):
            given.pop(key, None)
        return
    parquet = path.suffix.lower() in (".parquet", ".pq")
    names = (
        ParquetFile(path).names
        if parquet
        else CsvFile(
            path,
            Skipped("skip"),
            given.get("header"),
            given.get("delimiter") or ("\t" if path.suffix.lower() == ".tsv" else None),
        ).names
    )
    for key in _COLUMNS:
        if isinstance(given.get(key), str) and given[key] not in names:
            given[key] = None
        elif given.get(key):
            given[key] = [name for name in given[key] if name in names] if key == "drop" else given[key]


def _words(spec: Spec) -> str:
    if spec.kind in ("image", "vector"):
        return f"{spec.kind}s of shape {spec.shape}"
    return f"a {spec.kind}" if spec.kind == "table" else f"{spec.kind}s"
