"""Sums, extremes and logic over axes."""

import numpy as np
from kerasae.export.formats.c99._graph import Operation
from kerasae.export.formats.c99._source import Source
from kerasae.export.formats.c99.operators._loops import Operator, index


def _reduction(start: str, step: str, finish: str = "") -> Operator:
    """Return an operator that goes through the input in order, and gathers each entry where it belongs.

    Args:
        start: First value of an entry of the output, in C.
        step: Statement that adds the entry `v` to the entry `*t` of the output.
        finish: Expression of the final entry from `t` and the number of entries `n`. Defaults to `""`: the
            entry itself.
    """

    def write(operation: Operation, source: Source) -> str:
        given, (output,) = operation.input(0), operation.outputs
        axes = {int(axis) % len(given.shape) for axis in np.ravel(operation.constant(1))}
        kept = tuple(1 if axis in axes else size for axis, size in enumerate(given.shape))
        count = given.size // max(output.size, 1)
        target = index(kept, given.shape)
        kind = "float" if given.dtype == "float32" else "uint8_t" if given.dtype == "bool" else "int32_t"
        lines = [
            f"for (size_t i = 0; i < {output.size}; ++i) y[i] = {start};",
            f"for (size_t i = 0; i < {given.size}; ++i) {{",
            f"  const {kind} v = a[i];",
            f"  {kind} *t = y + {target};",
            f"  {step}",
            "}",
        ]
        if finish:
            lines.append(f"for (size_t i = 0; i < {output.size}; ++i) y[i] = {finish.format(n=count)};")
        return source.block(operation, "\n".join(lines), a=given)

    return write


OPERATORS: dict[str, Operator] = {
    "SUM": _reduction("0", "*t += v;"),
    "MEAN": _reduction("0", "*t += v;", "y[i] / {n}.0f"),
    "REDUCE_PROD": _reduction("1", "*t *= v;"),
    "REDUCE_MAX": _reduction("-FLT_MAX", "*t = v > *t ? v : *t;"),
    "REDUCE_MIN": _reduction("FLT_MAX", "*t = v < *t ? v : *t;"),
    "REDUCE_ALL": _reduction("1", "*t = *t && v;"),
    "REDUCE_ANY": _reduction("0", "*t = *t || v;"),
}
