"""Loops over the entries of tensors, which most operators are."""

from collections.abc import Callable

import numpy as np
from kerasae.export.formats.c99._graph import Operation, Tensor
from kerasae.export.formats.c99._source import Source, ctype

#: Function that returns the C statements of an operation.
Operator = Callable[[Operation, Source], str]

#: Fused activations by their number in the schema: the lowest and the highest value in C. Also without an
#: activation the kernels of TFLite bound a number by the finite ones.
_BOUNDS = {
    0: ("-FLT_MAX", "FLT_MAX"),
    1: ("0.0f", "FLT_MAX"),
    2: ("-1.0f", "1.0f"),
    3: ("0.0f", "6.0f"),
}


def entrywise(expression: str, *, activated: bool = False) -> Operator:
    """Return an operator that computes each entry from those of the inputs at its place, with broadcasting.

    Args:
        expression: Expression in C of an entry. `{a}`, `{b}` and `{c}` are entries of the inputs. A function
            is written as `{call:name}`, followed by the functions that it calls.
        activated: Whether the result is bounded by the fused activation. Defaults to False.
    """

    def write(operation: Operation, source: Source) -> str:
        inputs = {
            name: tensor
            for name, tensor in zip("abc", operation.inputs, strict=False)
            if tensor is not None and f"{{{name}}}" in expression
        }
        shape = operation.outputs[0].shape
        entries = {name: f"{name}[{index(tensor.shape, shape)}]" for name, tensor in inputs.items()}
        text = expression.format(call=_Calls(source), **entries)
        if activated:
            text = bounded(operation, source, text)
        body = loop(operation.outputs[0].size, f"y[i] = {text};")
        return source.block(operation, body, **inputs)

    return write


class _Calls:
    """Formats `{call:name others}` as the name, and notes that the functions are called."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def __format__(self, names: str) -> str:
        return self.source.call(*names.split())


def bounded(operation: Operation, source: Source, text: str) -> str:
    """Return an expression of float32, bounded by the fused activation of an operation."""
    low, high = bounds(operation)
    return f"{source.call('clamp')}({text}, {low}, {high})"


def bounds(operation: Operation) -> tuple[str, str]:
    """Return the lowest and the highest number that a fused activation lets pass, in C."""
    return _BOUNDS[operation.options.fusedActivationFunction if operation.options is not None else 0]


def loop(count: int, body: str) -> str:
    """Return a loop over `i` with a body of one statement or of several lines."""
    if "\n" in body:
        return f"for (size_t i = 0; i < {count}; ++i) {{\n{body}\n}}"
    return f"for (size_t i = 0; i < {count}; ++i) {body}"


def index(shape: tuple[int, ...], over: tuple[int, ...], variable: str = "i") -> str:
    """Return the index in C of the entry of a tensor that is broadcast to a larger shape.

    Args:
        shape: Shape of the tensor.
        over: Shape to which it is broadcast.
        variable: Index of the entry of the large shape. Defaults to `"i"`.
    """
    size = int(np.prod(shape))
    if size == 1:
        return "0"
    if size == int(np.prod(over)):
        return variable
    terms, step, inner = [], 1, 1
    padded = (1,) * (len(over) - len(shape)) + tuple(shape)
    outer = int(np.prod(over))
    for length, out in zip(reversed(padded), reversed(over), strict=True):
        if length > 1:
            term = variable if inner == 1 else f"{variable} / {inner}"
            term = term if inner * out == outer else f"({term}) % {out}" if inner > 1 else f"{term} % {out}"
            terms.append(term if step == 1 else f"({term}) * {step}")
            step *= length
        inner *= out
    return " + ".join(terms)


def copied(operation: Operation, source: Source) -> str:
    """Return the statements that copy the only input to the output."""
    kind, size = ctype(operation.outputs[0].dtype), operation.outputs[0].size
    return source.block(operation, f"memcpy(y, a, {size} * sizeof({kind}));", a=operation.input(0))


def axis_of(tensor: Tensor, axis: int) -> tuple[int, int, int]:
    """Return the number of entries before, along and after an axis of a tensor."""
    axis = axis % len(tensor.shape)
    before, after = tensor.shape[:axis], tensor.shape[axis + 1 :]
    return int(np.prod(before)), tensor.shape[axis], int(np.prod(after))
