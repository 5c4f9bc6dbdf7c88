"""Room of operators: how an operation of TFLite is written in C.

Each file holds operators of one sort, in `OPERATORS`, by their names in the schema of TFLite. A new operator
is a new entry or a new file.
"""

import functools
import importlib
import pkgutil

from kerasae.export.formats.c99._graph import Operation
from kerasae.export.formats.c99._source import Source
from kerasae.export.formats.c99.operators._loops import Operator
from kerasae.export.parity import ExportError

__all__ = ["Operator", "operators", "write"]


def write(operation: Operation, source: Source) -> str:
    """Return the C statements of an operation.

    Raises:
        ExportError: If no file of the room has the operator.
    """
    members = operators()
    if operation.name not in members:
        raise ExportError(
            f"Expected operations that the C code has, received {operation.name}; take another activation, "
            "network or score."
        )
    return members[operation.name](operation, source)


@functools.cache
def operators() -> dict[str, Operator]:
    """Return the operators of all files of the room, by their names in the schema of TFLite."""
    members: dict[str, Operator] = {}
    for found in pkgutil.walk_packages(__path__, f"{__name__}."):
        if not found.name.rpartition(".")[2].startswith("_"):
            members |= getattr(importlib.import_module(found.name), "OPERATORS", {})
    return members
