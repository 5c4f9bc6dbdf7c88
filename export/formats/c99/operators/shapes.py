"""Copies of entries to other places: new shapes, slices, joins and transpositions."""

from collections.abc import Callable

import numpy as np
from kerasae.export.formats.c99._graph import Operation, Tensor
from kerasae.export.formats.c99._source import Source, ctype
from kerasae.export.formats.c99.operators._loops import Operator, axis_of, copied, index, loop
from kerasae.export.parity import ExportError


def _concatenation(operation: Operation, source: Source) -> str:
    axis = operation.options.axis
    before, _, after = axis_of(operation.outputs[0], axis)
    return _joined(operation, source, before, lambda shape: shape[axis % len(shape)] * after)


def _pack(operation: Operation, source: Source) -> str:
    before, _, after = axis_of(operation.outputs[0], operation.options.axis)
    return _joined(operation, source, before, lambda shape: after)


def _joined(
    operation: Operation, source: Source, before: int, count_of: Callable[[tuple[int, ...]], int]
) -> str:
    """Return statements that join the inputs, `before` times as many entries of each as `count_of` says."""
    row = operation.outputs[0].size // max(before, 1)
    body, inputs, start = [], {}, 0
    for position, tensor in enumerate(operation.inputs):
        assert tensor is not None
        name = f"a{position}"
        count = count_of(tensor.shape)
        inputs[name] = tensor
        target, origin = f"y + i * {row} + {start}", f"{name} + i * {count}"
        if before == 1:
            target, origin = f"y + {start}", name
        body.append(f"memcpy({target}, {origin}, {count} * sizeof(*y));")
        start += count
    text = "\n".join(body)
    return source.block(operation, text if before == 1 else loop(before, text + "\n"), **inputs)


def _picked(operation: Operation, source: Source, places: np.ndarray) -> str:
    """Return statements that copy the entries at fixed places of the first input, in order."""
    flat = places.ravel()
    (output,) = operation.outputs
    steps = np.diff(flat)
    if len(flat) == 1 or np.all(steps == steps[0]):
        step = int(steps[0]) if len(flat) > 1 else 1
        origin = f"a[{int(flat[0])} + i]" if step == 1 else f"a[{int(flat[0])} + (ptrdiff_t)i * {step}]"
        return source.block(operation, loop(output.size, f"y[i] = {origin};"), a=operation.input(0))
    table = flat.astype("int32")
    return source.block(operation, loop(output.size, "y[i] = a[at[i]];"), a=operation.input(0), at=table)


def _split(operation: Operation, source: Source) -> str:
    given = operation.input(1)
    before, along, after = axis_of(given, int(operation.constant(0)))
    part = along // len(operation.outputs) * after
    copies = "\n".join(
        f"memcpy(y{i or ''} + i * {part}, a + i * {along * after} + {i * part}, {part} * sizeof(*a));"
        for i in range(len(operation.outputs))
    )
    return source.block(operation, loop(before, copies + "\n"), a=given)


def _numbers(tensor: Tensor) -> np.ndarray:
    return np.arange(tensor.size).reshape(tensor.shape)


def _strided_slice(operation: Operation, source: Source) -> str:
    begin, end, strides = (operation.constant(i).ravel().tolist() for i in (1, 2, 3))
    options = operation.options
    if options.ellipsisMask or options.newAxisMask:
        raise ExportError("Expected a slice without new axes, received one with them.")
    picks: list[slice | int] = []
    for axis, (low, high, step) in enumerate(zip(begin, end, strides, strict=True)):
        bit = 1 << axis
        if options.shrinkAxisMask & bit:
            picks.append(low)
        else:
            picks.append(
                slice(None if options.beginMask & bit else low, None if options.endMask & bit else high, step)
            )
    return _picked(operation, source, _numbers(operation.input(0))[tuple(picks)])


def _slice(operation: Operation, source: Source) -> str:
    begin, sizes = (operation.constant(i).ravel().tolist() for i in (1, 2))
    picks = tuple(
        slice(low, None if size < 0 else low + size) for low, size in zip(begin, sizes, strict=True)
    )
    return _picked(operation, source, _numbers(operation.input(0))[picks])


def _transpose(operation: Operation, source: Source) -> str:
    return _picked(operation, source, _numbers(operation.input(0)).transpose(operation.constant(1).ravel()))


def _tile(operation: Operation, source: Source) -> str:
    return _picked(operation, source, np.tile(_numbers(operation.input(0)), operation.constant(1).ravel()))


def _broadcast_to(operation: Operation, source: Source) -> str:
    given, (output,) = operation.input(0), operation.outputs
    body = loop(output.size, f"y[i] = a[{index(given.shape, output.shape)}];")
    return source.block(operation, body, a=given)


def _gather(operation: Operation, source: Source) -> str:
    given, indices = operation.input(0), operation.input(1)
    options = operation.options
    if options.batchDims:
        raise ExportError("Expected GATHER without batch dimensions.")
    if indices.data is not None:
        places = np.take(_numbers(given), indices.data, axis=options.axis)
        return _picked(operation, source, places)
    before, along, after = axis_of(given, options.axis)
    # No index is out of range; the bound is for rows that the graph does not expect.
    body = f"""
    for (size_t i = 0; i < {before}; ++i) {{
      for (size_t j = 0; j < {indices.size}; ++j) {{
        const size_t k = at[j] < 0 ? 0 : at[j] < {along} ? (size_t)at[j] : {along - 1};
        memcpy(y + (i * {indices.size} + j) * {after}, a + (i * {along} + k) * {after}, {after} * sizeof(*y));
      }}
    }}"""
    return source.block(operation, body, a=given, at=indices)


def _one_hot(operation: Operation, source: Source) -> str:
    indices, (output,) = operation.input(0), operation.outputs
    if operation.options.axis not in (-1, len(output.shape) - 1):
        raise ExportError("Expected ONE_HOT along the last axis.")
    depth = output.shape[-1]
    body = loop(output.size, f"y[i] = at[i / {depth}] == (int32_t)(i % {depth}) ? on[0] : off[0];")
    return source.block(operation, body, at=indices, on=operation.input(2), off=operation.input(3))


def _pad(operation: Operation, source: Source) -> str:
    given, (output,) = operation.input(0), operation.outputs
    numbers = np.pad(_numbers(given), operation.constant(1), constant_values=-1).astype("int32")
    value = operation.input(2) if len(operation.inputs) > 2 else None
    zero = int(given.zero[0]) if given.zero is not None else 0
    fill = "fill[0]" if value is not None else str(zero)
    named = {} if value is None else {"fill": value}
    body = loop(output.size, f"y[i] = at[i] < 0 ? {fill} : a[at[i]];")
    return source.block(operation, body, a=given, at=numbers, **named)


def _filled(operation: Operation, source: Source) -> str:
    body = loop(operation.outputs[0].size, "y[i] = value[0];")
    return source.block(operation, body, value=operation.input(1))


def _zeros(operation: Operation, source: Source) -> str:
    (output,) = operation.outputs
    return source.block(operation, f"memset(y, 0, {output.size} * sizeof({ctype(output.dtype)}));")


#: Operators that only change the shape. They cost nothing unless the result is an output.
SAME_ENTRIES = ("RESHAPE", "EXPAND_DIMS", "SQUEEZE")

OPERATORS: dict[str, Operator] = {
    **dict.fromkeys(SAME_ENTRIES, copied),
    "CONCATENATION": _concatenation,
    "PACK": _pack,
    "SPLIT": _split,
    "STRIDED_SLICE": _strided_slice,
    "SLICE": _slice,
    "TRANSPOSE": _transpose,
    "TILE": _tile,
    "BROADCAST_TO": _broadcast_to,
    "GATHER": _gather,
    "ONE_HOT": _one_hot,
    "PAD": _pad,
    "PADV2": _pad,
    "FILL": _filled,
    "ZEROS_LIKE": _zeros,
}
