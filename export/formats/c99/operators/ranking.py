"""The largest entries of a row, and the place of the largest."""

from kerasae.export.formats.c99._graph import Operation
from kerasae.export.formats.c99._source import Source
from kerasae.export.formats.c99.operators._loops import Operator
from kerasae.export.parity import ExportError


def _top_k(operation: Operation, source: Source) -> str:
    """Of equal entries the first comes first."""
    given = operation.input(0)
    count, length = operation.outputs[0].shape[-1], given.shape[-1]
    # Each entry moves up among those that are already in order.
    body = f"""
    for (size_t row = 0; row < {given.size // length}; ++row) {{
      size_t kept = 0;
      for (size_t i = 0; i < {length}; ++i) {{
        const float v = a[row * {length} + i];
        size_t j = kept < {count} ? kept++ : {count};
        for (; j > 0 && v > y[row * {count} + j - 1]; --j) {{
          if (j < {count}) {{
            y[row * {count} + j] = y[row * {count} + j - 1];
            y1[row * {count} + j] = y1[row * {count} + j - 1];
          }}
        }}
        if (j < {count}) {{
          y[row * {count} + j] = v;
          y1[row * {count} + j] = (int32_t)i;
        }}
      }}
    }}"""
    if given.dtype != "float32":
        raise ExportError(f"Expected TOPK_V2 of float32, received {given.dtype}.")
    return source.block(operation, body, a=given)


def _largest(operation: Operation, source: Source) -> str:
    given = operation.input(0)
    length = given.shape[-1]
    if int(operation.constant(1)) not in (-1, len(given.shape) - 1):
        raise ExportError("Expected ARG_MAX along the last axis.")
    body = f"""
    for (size_t row = 0; row < {given.size // length}; ++row) {{
      y[row] = 0;
      for (size_t i = 1; i < {length}; ++i) {{
        if (a[row * {length} + i] > a[row * {length} + (size_t)y[row]]) y[row] = (int32_t)i;
      }}
    }}"""
    return source.block(operation, body, a=given)


OPERATORS: dict[str, Operator] = {"TOPK_V2": _top_k, "ARG_MAX": _largest}
