"""Arithmetic of two numbers, in float32 and in whole numbers."""

from kerasae.export.formats.c99._graph import Operation
from kerasae.export.formats.c99._source import Source
from kerasae.export.formats.c99.operators._loops import Operator, entrywise


def _arithmetic(expression: str) -> Operator:
    """Return an operator with a fused activation in float32, and without one in whole numbers."""
    floats, integers = entrywise(expression, activated=True), entrywise(expression)

    def write(operation: Operation, source: Source) -> str:
        kind = operation.outputs[0].dtype
        return (floats if kind == "float32" else integers)(operation, source)

    return write


OPERATORS: dict[str, Operator] = {
    "ADD": _arithmetic("{a} + {b}"),
    "SUB": _arithmetic("{a} - {b}"),
    "MUL": _arithmetic("{a} * {b}"),
    "DIV": _arithmetic("{a} / {b}"),
    "SQUARED_DIFFERENCE": entrywise("({a} - {b}) * ({a} - {b})"),
    "MAXIMUM": entrywise("{a} > {b} ? {a} : {b}"),
    "MINIMUM": entrywise("{a} < {b} ? {a} : {b}"),
}
