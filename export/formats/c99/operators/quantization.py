"""From float32 to int8 or int16 and back, and functions of int8 as a table."""

import numpy as np
from kerasae.export.formats.c99._graph import LIMITS, Operation
from kerasae.export.formats.c99._source import Source, ctype, literal
from kerasae.export.formats.c99.operators._loops import Operator, loop
from kerasae.export.parity import ExportError


def _scale(scales: np.ndarray | None, zeros: np.ndarray | None) -> tuple[str, int]:
    if scales is None or zeros is None or len(scales) != 1:
        raise ExportError("Expected activations with one scale for all entries.")
    return literal(scales[0]), int(zeros[0])


def _quantize(operation: Operation, source: Source) -> str:
    (output,) = operation.outputs
    given = operation.input(0).dtype
    if given != "float32" or output.dtype not in LIMITS:
        raise ExportError(f"Expected QUANTIZE from float32 to int8, received {given} to {output.dtype}.")
    scale, zero = _scale(output.scale, output.zero)
    low, high = LIMITS[output.dtype]
    call = f"{source.call('quantized')}(a[i], {scale}, {zero}, {low}, {high})"
    body = loop(output.size, f"y[i] = ({ctype(output.dtype)}){call};")
    return source.block(operation, body, a=operation.input(0))


def _dequantize(operation: Operation, source: Source) -> str:
    given = operation.input(0)
    scale, zero = _scale(given.scale, given.zero)
    body = loop(given.size, f"y[i] = {scale} * (float)((int32_t)a[i] - ({zero}));")
    return source.block(operation, body, a=given)


def _table(operation: Operation, source: Source) -> str:
    body = loop(operation.outputs[0].size, "y[i] = table[a[i] + 128];")
    return source.block(operation, body, a=operation.input(0), table=operation.options)


OPERATORS: dict[str, Operator] = {"QUANTIZE": _quantize, "DEQUANTIZE": _dequantize, "TABLE": _table}
