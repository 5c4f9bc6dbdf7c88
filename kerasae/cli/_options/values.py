"""Values of settings, as they stand after `--set section.name=`, and of arguments."""

import json
import re
import types
import typing
from typing import Any


def value_of(text: str) -> Any:
    """Return the value of a text: JSON where it is JSON, a list of bare words, or the text itself."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        # In [a, b] the shell has taken the quotes away, or nobody has written them.
        if re.fullmatch(r"\[[^][{}\"]*\]", text.strip()):
            return [value_of(part.strip()) for part in text.strip()[1:-1].split(",")]
        return text


def argument_of(text: str, annotation: Any) -> Any:
    """Return the value of an argument: the text where the argument takes no other type, otherwise JSON.

    Args:
        text: Text.
        annotation: Annotation of the argument.
    """
    union = typing.get_origin(annotation) in (typing.Union, types.UnionType)
    if {*(typing.get_args(annotation) if union else [annotation])} <= {str, type(None)}:
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
