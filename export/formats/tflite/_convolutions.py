"""convolution_kernels: where a TFLite file has convolutions, and what their constant kernels multiply."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from kerasae.export.formats._parsed import name_of, parsed
from kerasae.export.formats.tflite._dense_kernels import DenseKernel, dense_kernels, step_of

#: Places of kernel and input among the inputs of an operation.
_PLACES = {"CONV_2D": (1, 0), "TRANSPOSE_CONV": (1, 2)}
#: Value of `padding` in the schema for an output that has the size of the input, divided by the strides.
_SAME = 0


@dataclasses.dataclass(frozen=True)
class ConvolutionKernel:
    """Kernel of a convolution, or of a transposed one, in a graph. Several graphs may share its buffer.

    Args:
        graph: Number of the graph.
        given: Number of the tensor that the kernel multiplies.
        output: Number of the output in the graph.
        stored: Number of the tensor of the kernel.
        buffer: Number of the buffer with the kernel.
        shape: Shape of the kernel as a matrix, `(outputs, inputs)`.
        sizes: Rows and columns of the kernel.
        strides: Strides along rows and columns.
        dilations: Dilations along rows and columns.
        outcome: Rows and columns of the output.
        same: Whether the input is padded.
        transposed: Whether the convolution is transposed.
    """

    graph: int
    given: int
    output: int
    stored: int
    buffer: int
    shape: tuple[int, int]
    sizes: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    outcome: tuple[int, int]
    same: bool
    transposed: bool

    def rows(self, values: np.ndarray, most: int | None = None) -> np.ndarray:
        """Return what the kernel multiplies for each place of the output, `(places, inputs)`.

        The output is this matrix times the transposed kernel, plus the bias.

        Args:
            values: Input of several calls, `(calls, batch, rows, columns, channels)`.
            most: Largest number of places of a call, which are evenly apart. Defaults to all.
        """
        calls, batch = values.shape[:2]
        values = values.reshape(-1, *values.shape[2:])
        strides = (1, 1) if self.transposed else self.strides
        spans = [(size - 1) * step + 1 for size, step in zip(self.sizes, self.dilations, strict=True)]
        if self.transposed:
            values = _spread_out(values, self.strides)
        pads = []
        for span, stride, got, wanted in zip(spans, strides, values.shape[1:3], self.outcome, strict=True):
            if self.transposed:
                # All products have `got + span - 1` places, of which the padding cuts some at both ends.
                cut = max(got + span - 1 - wanted, 0) // 2 if self.same else 0
                before = span - 1 - cut
            else:
                before = max((wanted - 1) * stride + span - got, 0) // 2 if self.same else 0
            pads.append((before, max((wanted - 1) * stride + span - got - before, 0)))
        padded = np.pad(values, ((0, 0), *pads, (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, spans, axis=(1, 2))
        taken = windows[:, :: strides[0], :: strides[1], :, :: self.dilations[0], :: self.dilations[1]]
        taken = taken[:, : self.outcome[0], : self.outcome[1]]
        if self.transposed:
            taken = taken[..., ::-1, ::-1]
        # All places take the memory of the input as often as the kernel has places, so only those that count
        # are copied.
        taken = taken.reshape(calls, batch, *taken.shape[1:])
        places = taken.shape[1:4]
        some = np.arange(0, np.prod(places), step_of(int(np.prod(places)), most))
        image, row, column = np.unravel_index(some, places)
        chosen = taken[:, image, row, column]
        return np.moveaxis(chosen, 2, -1).reshape(-1, self.shape[1])


def kernels_of(content: bytes) -> Iterator[DenseKernel | ConvolutionKernel]:
    """Yield the constant kernels of dense layers and of convolutions in all graphs of a file."""
    yield from dense_kernels(content)
    yield from convolution_kernels(content)


def convolution_kernels(content: bytes) -> Iterator[ConvolutionKernel]:
    """Yield the constant kernels of the convolutions in all graphs of a file."""
    model = parsed(content)
    for number, graph in enumerate(model.subgraphs):
        for operator in graph.operators:
            name = name_of(model, operator)
            if name not in _PLACES:
                continue
            stored, given = (int(operator.inputs[place]) for place in _PLACES[name])
            buffer, output = int(graph.tensors[stored].buffer), int(operator.outputs[0])
            data = model.buffers[buffer].data
            if data is None or not len(data):
                continue
            outputs, *sizes, inputs = (int(size) for size in graph.tensors[stored].shape)
            options: Any = operator.builtinOptions
            transposed = name == "TRANSPOSE_CONV"
            dilations = (1, 1) if transposed else (options.dilationHFactor, options.dilationWFactor)
            yield ConvolutionKernel(
                number,
                given,
                output,
                stored,
                buffer,
                (outputs, int(np.prod(sizes)) * inputs),
                (sizes[0], sizes[1]),
                (int(options.strideH), int(options.strideW)),
                (int(dilations[0]), int(dilations[1])),
                tuple(int(size) for size in graph.tensors[output].shape[1:3]),  # type: ignore[arg-type]
                int(options.padding) == _SAME,
                transposed,
            )


def _spread_out(values: np.ndarray, strides: tuple[int, int]) -> np.ndarray:
    """Return an input with zeros between its places, as a transposed convolution sees it."""
    batch, rows, columns, channels = values.shape
    shape = (batch, (rows - 1) * strides[0] + 1, (columns - 1) * strides[1] + 1, channels)
    wide = np.zeros(shape, values.dtype)
    wide[:, :: strides[0], :: strides[1]] = values
    return wide
