"""dense_kernels: where a TFLite file has dense layers with a constant kernel."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from kerasae.export.formats._parsed import name_of, parsed


@dataclasses.dataclass(frozen=True)
class DenseKernel:
    """Kernel of a dense layer in a graph. Several graphs of a file may share its buffer.

    Args:
        graph: Number of the graph.
        given: Number of the tensor that the kernel multiplies.
        output: Number of the output in the graph.
        stored: Number of the tensor of the kernel.
        buffer: Number of the buffer with the kernel.
        shape: Shape of the kernel, `(outputs, inputs)`.
        name: Name of the output.
    """

    graph: int
    given: int
    output: int
    stored: int
    buffer: int
    shape: tuple[int, int]
    name: str

    def rows(self, values: np.ndarray, most: int | None = None) -> np.ndarray:
        """Return what the kernel multiplies, `(rows, inputs)`.

        Args:
            values: Tensor that it multiplies in several calls, `(calls, ...)`.
            most: Largest number of rows of a call, which are evenly apart. Defaults to all.
        """
        rows = values.reshape(len(values), -1, self.shape[1])
        return rows[:, :: step_of(rows.shape[1], most)].reshape(-1, self.shape[1])


def step_of(count: int, most: int | None) -> int:
    """Return the step with which at most so many of some rows are taken."""
    return 1 if most is None else count // most + 1


def dense_kernels(content: bytes) -> Iterator[DenseKernel]:
    """Yield the constant kernels of all graphs of a file."""
    model = parsed(content)
    for number, graph in enumerate(model.subgraphs):
        for operator in graph.operators:
            if name_of(model, operator) != "FULLY_CONNECTED":
                continue
            given, kernel = (int(one) for one in operator.inputs[:2])
            buffer = int(graph.tensors[kernel].buffer)
            output = int(operator.outputs[0])
            if model.buffers[buffer].data is not None and len(model.buffers[buffer].data):
                outputs, inputs = (int(size) for size in graph.tensors[kernel].shape)
                name = graph.tensors[output].name.decode()
                yield DenseKernel(number, given, output, kernel, buffer, (outputs, inputs), name)


def numbers(buffer: Any, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return the numbers of a buffer."""
    return np.frombuffer(np.asarray(buffer.data, "uint8").tobytes(), dtype).reshape(shape)
