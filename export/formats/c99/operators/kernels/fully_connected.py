"""FULLY_CONNECTED: a dense layer in int8, in float32, and with weights in int8 in int16 and in float32."""

import dataclasses

import numpy as np
from kerasae.export.formats.c99._graph import Operation, Tensor
from kerasae.export.formats.c99._source import Source
from kerasae.export.formats.c99.operators._loops import Operator, bounds
from kerasae.export.formats.c99.operators.kernels import _requantization as requantization
from kerasae.export.parity import ExportError


@dataclasses.dataclass(frozen=True)
class _Size:
    rows: int
    inputs: int
    outputs: int

    @property
    def both(self) -> str:
        """Numbers of inputs and outputs, as arguments in C."""
        return f"{self.inputs}, {self.outputs}"

    def each(self, call: str) -> str:
        """Return a statement that is run for the entries `a` and `y` of every row."""
        if self.rows == 1:
            return call
        return (
            f"for (size_t row = 0; row < {self.rows}; ++row, a += {self.inputs}, y += {self.outputs}) {call}"
        )


def _fully_connected(operation: Operation, source: Source) -> str:
    weights = operation.constant(1)
    outputs, inputs = weights.shape
    rows = operation.input(0).size // inputs
    source.multiply_accumulates += rows * outputs * inputs
    kinds = operation.input(0).dtype, operation.input(1).dtype
    write = {
        ("int8", "int8"): _int8,
        ("int16", "int8"): _int16,
        ("float32", "float32"): _float32,
        ("float32", "int8"): _mixed,
    }
    if kinds not in write:
        raise ExportError(
            f"Expected FULLY_CONNECTED of int8, int16 or float32, received {' and '.join(kinds)}."
        )
    return write[kinds](operation, source, _Size(rows, inputs, outputs))


def _int8(operation: Operation, source: Source, size: "_Size") -> str:
    given, weights, (output,) = operation.input(0), operation.input(1), operation.outputs
    scaling = requantization.multipliers(given, weights, output, size.outputs)
    scaling = scaling[:1] if np.all(scaling == scaling[0]) else scaling
    # The zero point of the input adds the same to every sum.
    shift = operation.constant(1).astype("int64").sum(axis=1) * requantization.zero_point(given)
    biases = (requantization.bias(operation, 2, size.outputs) - shift).astype("int32")
    low, high = requantization.bounds(operation, output)
    zero = requantization.zero_point(output)
    per_channel = int(len(scaling) > 1)
    function = source.call("fully_connected_int8", "requantized")
    body = size.each(f"{function}(a, w, b, s, {per_channel}, y, {size.both}, {zero}, {low}, {high});")
    return source.block(operation, body, a=given, w=weights, b=biases, s=scaling)


def _int16(operation: Operation, source: Source, size: "_Size") -> str:
    given, weights, (output,) = operation.input(0), operation.input(1), operation.outputs
    scales = requantization.scales(given, weights, output, size.outputs)
    scales = scales[:1] if np.all(scales == scales[0]) else scales
    biases = requantization.bias(operation, 2, size.outputs)
    limits = np.iinfo("int32")
    kind = "int32" if np.all((limits.min < biases) & (biases <= limits.max)) else "int64"
    biases = biases.astype(kind)
    low, high = requantization.bounds(operation, output)
    per_channel = int(len(scales) > 1)
    function = source.call(f"fully_connected_int16_{kind}", "requantized_int16")
    body = size.each(f"{function}(a, w, b, s, {per_channel}, y, {size.both}, {low}, {high});")
    return source.block(operation, body, a=given, w=weights, b=biases, s=scales)


def _float32(operation: Operation, source: Source, size: _Size) -> str:
    low, high = bounds(operation)
    named, b = _bias(operation)
    function = source.call("fully_connected_float", "clamp")
    body = size.each(f"{function}(a, w, {b}, y, {size.both}, {low}, {high});")
    return source.block(operation, body, a=operation.input(0), w=operation.input(1), **named)


def _mixed(operation: Operation, source: Source, size: _Size) -> str:
    weights = operation.input(1)
    assert weights.scale is not None
    low, high = bounds(operation)
    named, b = _bias(operation)
    function = source.call("fully_connected_mixed", "clamp")
    per_channel = int(len(weights.scale) > 1)
    call = size.each(f"{function}(a, steps, w, {b}, s, {per_channel}, y, {size.both}, {low}, {high});")
    body = f"int8_t steps[{size.inputs}];\n{call}"
    return source.block(operation, body, a=operation.input(0), w=weights, s=weights.scale, **named)


def _bias(operation: Operation) -> tuple[dict[str, Tensor], str]:
    """Return the biases by their name in C, and that name; `NULL` if there are none."""
    given = operation.inputs[2] if len(operation.inputs) > 2 else None
    return ({}, "NULL") if given is None else ({"b": given}, "b")


OPERATORS: dict[str, Operator] = {"FULLY_CONNECTED": _fully_connected}
