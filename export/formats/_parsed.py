"""TFLite files as objects of Python, whose parts can be read and changed."""

import functools
from typing import Any


@functools.lru_cache(maxsize=4)
def parsed(content: bytes) -> Any:
    """Return a file as an object that all its readers share, so none of them may change it.

    A file is parsed in Python, which takes up to a second, and an export looks into it a dozen times.
    """
    return read_model(content)


def read_model(content: bytes) -> Any:
    """Return a file as an object whose parts can be changed."""
    from ai_edge_litert.tools import flatbuffer_utils

    return flatbuffer_utils.read_model_from_bytearray(bytearray(content))


def write_model(model: Any) -> bytes:
    """Return the bytes of a changed file."""
    from ai_edge_litert.tools import flatbuffer_utils

    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def name_of(model: Any, operator: Any) -> str:
    """Return the name of an operator in the schema of TFLite."""
    from ai_edge_litert.tools import flatbuffer_utils

    return str(flatbuffer_utils.opcode_to_name(model, operator.opcodeIndex))
