"""read_examples: more examples of the kind that a model was trained on, all of them and in their order."""

from typing import Any

from kerasae.data._data import Data
from kerasae.data._members import read_more
from kerasae.data._parsing import parse_source
from kerasae.data._split import Examples
from kerasae.kinds import kind_of
from kerasae.spec import Spec

#: Arguments about splits and their files, of which there are none here.
_OF_SPLITS = ("validation", "calibration", "test", "seed", "test_path", "test_labels")


def read_examples(source: str, section: dict[str, Any], spec: Spec) -> tuple[str, Examples]:
    """Read all rows of a source as those were read that a model was trained on.

    Columns of a table have the types that they had in training. Images are resized to the size that they
    had in training. A column of labels or ids may be missing.

    Args:
        source: Name or path, as for `load_data`, or the path of one image.
        section: Section `data` of the recipe of the training.
        spec: Fitted spec of the training.

    Returns:
        A name for titles, and the rows. If the file has a test split of its own, the rows are those of it.

    Raises:
        ValueError: for examples of another kind or shape.
    """
    arguments = parse_source(source, trained_on=section["name"])
    if arguments["name"] == section["name"]:
        arguments = {key: value for key, value in section.items() if key not in _OF_SPLITS} | arguments
    data = read_like(arguments, spec)
    return data.name, data.test


def read_like(section: dict[str, Any], spec: Spec) -> Data:
    """Read data as those were read that a model was trained on.

    Args:
        section: Section `data` of a recipe. By default all rows are the test split.
        spec: Fitted spec of the training.

    Raises:
        ValueError: for examples of another kind or shape.
    """
    arguments = dict(section)
    data = read_more(arguments.pop("name"), arguments, spec)
    kind = kind_of(spec)
    if not kind.has_examples_like(data.spec):
        raise ValueError(
            f"Expected examples like those of the training, {kind.described}, received "
            f"{kind_of(data.spec).described}."
        )
    return data
