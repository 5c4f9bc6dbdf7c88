"""observe: what the tensors of a float32 file are on examples, which an int8 file needs to know."""

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np
from kerasae.export.formats._parsed import parsed
from kerasae.export.formats.tflite._convolutions import ConvolutionKernel, kernels_of
from kerasae.export.formats.tflite._dense_kernels import DenseKernel

#: Smallest range of an activation.
_LEAST = 1e-3
#: Largest number of inputs of a kernel whose products are kept.
_MOST = 2048
#: Largest number of rows of a kernel, such as places of a convolution, that count in a call.
_PLACES = 64
#: Numbers of calls and of bytes of their tensors that wait to be multiplied.
_CALLS, _BYTES = 64, 2**22


@dataclasses.dataclass(frozen=True)
class Observation:
    """Tensors of a file on examples.

    Args:
        ranges: Smallest and largest value of each float tensor by its name, as the quantiser reads them.
        products: Mean products of two inputs of a kernel, `(inputs, inputs)`, by the number of the kernel's
            buffer. Kernels with more than 2,048 inputs have none.
        constants: Names of the tensors that the file stores, such as kernels.
    """

    ranges: dict[str, Any]
    products: dict[int, np.ndarray]
    constants: frozenset[str]

    def widened(self, factor: float) -> dict[str, Any]:
        """Return the ranges with both ends moved away from 0 by a factor, but for those of constants."""
        return {
            name: one
            if name in self.constants
            else {end: np.asarray(factor * value, "float32") for end, value in one.items()}
            for name, one in self.ranges.items()
        }


def observe(content: bytes, examples: Iterable[tuple[str, dict[str, Any]]]) -> Observation:
    """Run examples through a float32 file and observe its tensors.

    The calibration of the quantiser takes a moving average, which cuts off rare values. With it, the error of
    a digits model was 14 % above that in float32; with these ranges it is 0.04 % above.

    Args:
        content: Bytes of the file.
        examples: Signatures with their inputs.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=content,
        num_threads=1,
        experimental_preserve_all_tensors=True,
        # A delegate would fuse operations and hide the tensors between them.
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    runners = {name: interpreter.get_signature_runner(name) for name in interpreter.get_signature_list()}
    graphs = {name: runner._subgraph_index for name, runner in runners.items()}
    tensors = {
        name: [
            (one["index"], one["name"], len(one["shape"]))
            for one in interpreter.get_tensor_details(graph)
            if one["dtype"] is np.float32
        ]
        for name, graph in graphs.items()
    }
    kernels: dict[tuple[int, int], list[DenseKernel | ConvolutionKernel]] = {}
    for kernel in kernels_of(content):
        if kernel.shape[1] <= _MOST:
            kernels.setdefault((kernel.graph, kernel.given), []).append(kernel)
    constants = _constants(content)
    ranges: dict[str, tuple[float, float, int]] = {}
    products: dict[int, _Products] = {}
    for signature, sent in examples:
        runners[signature](**sent)
        settled: list[int] = []
        for index, name, rank in tensors[signature]:
            try:
                values = interpreter.get_tensor(index, graphs[signature])
            except ValueError:
                # The tensor is never computed. It is the work space of an operation, for example.
                settled.append(index)
                continue
            if name in constants:
                settled.append(index)
            for kernel in kernels.get((graphs[signature], index), []):
                products.setdefault(kernel.buffer, _Products()).add(kernel, values)
            if not values.size:
                continue
            least, greatest = float(values.min()), float(values.max())
            if not np.isfinite(greatest - least):
                values = values[np.isfinite(values)]
                if not values.size:
                    continue
                least, greatest = float(values.min()), float(values.max())
            low, high, _ = ranges.get(name, (np.inf, -np.inf, rank))
            ranges[name] = min(low, least), max(high, greatest), rank
        if settled:
            # The first call has shown all that there is of them.
            tensors[signature] = [one for one in tensors[signature] if one[0] not in settled]
    # A unit that is 0 on every row gets the smallest range: no scale can be made of none.
    return Observation(
        {
            name: {
                "min": np.full((1,) * rank, min(low, 0.0), "float32"),
                "max": np.full((1,) * rank, max(high, 0.0, low + _LEAST), "float32"),
            }
            for name, (low, high, rank) in ranges.items()
        },
        {buffer: one.mean() for buffer, one in products.items()},
        constants,
    )


def _constants(content: bytes) -> frozenset[str]:
    model = parsed(content)
    return frozenset(
        tensor.name.decode()
        for graph in model.subgraphs
        for tensor in graph.tensors
        if model.buffers[tensor.buffer].data is not None and len(model.buffers[tensor.buffer].data)
    )


class _Products:
    """Mean products of what the kernels with one buffer multiply."""

    def __init__(self) -> None:
        self._waiting: dict[DenseKernel | ConvolutionKernel, list[np.ndarray]] = {}
        self._count, self._total = 0, np.zeros(())

    def add(self, kernel: DenseKernel | ConvolutionKernel, values: np.ndarray) -> None:
        """Add the tensor that a kernel multiplies in a call. Rows that are not finite do not count."""
        waiting = self._waiting.setdefault(kernel, [])
        waiting.append(values)
        if len(waiting) >= _CALLS or len(waiting) * values.nbytes > _BYTES:
            self._multiply(kernel)

    def mean(self) -> np.ndarray:
        """Return the mean products, `(inputs, inputs)`."""
        for kernel in list(self._waiting):
            self._multiply(kernel)
        return self._total / max(self._count, 1)

    def _multiply(self, kernel: DenseKernel | ConvolutionKernel) -> None:
        rows = kernel.rows(np.stack(self._waiting.pop(kernel)), _PLACES)
        wide = rows[np.isfinite(rows).all(axis=1)].astype("float64")
        self._total, self._count = self._total + wide.T @ wide, self._count + len(wide)
