"""Changes of the type of numbers."""

from kerasae.export.formats.c99._graph import Operation
from kerasae.export.formats.c99._source import Source, ctype
from kerasae.export.formats.c99.operators._loops import Operator, entrywise, loop


def _cast(operation: Operation, source: Source) -> str:
    (output,) = operation.outputs
    if output.dtype == "bool":
        return entrywise("{a} != 0")(operation, source)
    kind = ctype(output.dtype)
    whole = operation.input(0).dtype == "float32" and output.dtype == "int32"
    text = f"{source.call('truncated')}(a[i])" if whole else f"({kind})a[i]"
    return source.block(operation, loop(output.size, f"y[i] = {text};"), a=operation.input(0))


OPERATORS: dict[str, Operator] = {"CAST": _cast}
