"""read_examples: more examples of the kind that a model was trained on, all of them and in their order."""

import inspect
import warnings
from pathlib import Path
from typing import Any

from kerasae import registry
from kerasae.data._data import Data
from kerasae.data._files.opening import open_table
from kerasae.data._files.packed import text_suffix
from kerasae.data._skipping import Skipped
from kerasae.data._split import Examples
from kerasae.data.images import is_image
from kerasae.data.tables import tables_like
from kerasae.kinds import kind_of
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
        _leave_out(given, spec)
    if name == "tables" and spec.kind == "table":
        # By the notations that were found in training, whatever this file looks like by itself.
        given["columns"] = spec.columns
        reader = tables_like
        for key in ("types", "dayfirst", "decimal", "missing"):
            given.pop(key, None)
    if name == "images":
        if spec.kind != "image":
            raise ValueError(
                f"Expected examples like those of the training, {kind_of(spec).described}, "
                f"received images in {source}."
            )
        given |= {"size": spec.shape[:2], "channels": spec.shape[2]}
    data: Data = reader(**given, **({"test": 1.0} if "test" in taken else {}))
    kind = kind_of(spec)
    if not kind.has_examples_like(data.spec):
        raise ValueError(
            f"Expected examples like those of the training, {kind.described}, received "
            f"{kind_of(data.spec).described}."
        )
    return data.name, data.test


def _leave_out(given: dict[str, Any], spec: Spec) -> None:
    """Takes back the names of columns that a file does not have."""
    path = Path(given["path"])
    if text_suffix(path) == ".txt":
        # Lines, where the training read a column.
        for key in ("column", "labels", "header", "delimiter"):
            given.pop(key, None)
        return
    layout = {key: given.get(key) for key in ("header", "delimiter", "encoding", "skip")}
    with warnings.catch_warnings():
        # What is to be said is said when the rows are read.
        warnings.simplefilter("ignore")
        known = [given["column"]] if given.get("column") else [column.name for column in spec.columns]
        names = open_table(path, Skipped("skip"), **layout, wanted=known).names
    for key in _COLUMNS:
        wanted = given.get(key)
        if isinstance(wanted, str):
            given[key] = wanted if wanted in names else None
        elif wanted:
            given[key] = [name for name in wanted if name in names]
