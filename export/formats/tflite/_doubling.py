"""with_doubled_kernels: dense kernels as two kernels in int8, the second for what the first one leaves."""

import copy
from typing import Any

import numpy as np
from kerasae.export.formats._parsed import name_of, read_model, write_model
from kerasae.export.formats.tflite._dense_kernels import DenseKernel, dense_kernels, numbers

#: Factor of the second kernel. The first kernel leaves at most half of its step, 64 steps of the second.
_FINER = 1 / 128
#: Greatest step of int8.
_MOST = 127
#: Operators that may lie between two dense layers.
_BETWEEN = ("TANH", "RELU", "RELU6", "ELU", "GELU", "LOGISTIC", "LEAKY_RELU", "HARD_SWISH", "RESHAPE")


def with_doubled_kernels(content: bytes) -> tuple[bytes, list[str]]:
    """Return a float32 file whose inner dense kernels have about 15 bits once they are quantised to int8.

    A layer `W x` becomes `[A B] [x, x / 128]`, where `A` are the weights in steps of int8, and `B / 128` is
    what they leave. Both have the same scale, so the quantised layer is one kernel with twice the inputs.
    Inner is a kernel between two others. The first and the last layer are better left in float32, because
    int16 is too coarse for inputs and reconstructions with values far from the others; they are small.

    Args:
        content: Bytes of the file.

    Returns:
        The bytes of the new file, and the names of the outputs of all other dense layers.
    """
    model = read_model(content)
    kernels = list(dense_kernels(content))
    inner = {kernel.buffer for kernel in kernels if _is_inner(model, kernel, kernels)}
    for buffer in inner:
        shape = next(kernel.shape for kernel in kernels if kernel.buffer == buffer)
        split = _split(numbers(model.buffers[buffer], "float32", shape))
        model.buffers[buffer].data = np.frombuffer(split.tobytes(), "uint8")
    writer = _Writer(model)
    for kernel in kernels:
        if kernel.buffer in inner:
            writer.double(kernel)
    others = [kernel.name for kernel in kernels if kernel.buffer not in inner]
    return (write_model(model) if inner else content), others


def _is_inner(model: Any, kernel: DenseKernel, kernels: list[DenseKernel]) -> bool:
    graph = model.subgraphs[kernel.graph]
    dense = {one.output for one in kernels if one.graph == kernel.graph}
    made_by = {int(output): one for one in graph.operators for output in one.outputs}
    before = kernel.given
    while before not in dense and before in made_by and name_of(model, made_by[before]) in _BETWEEN:
        before = int(made_by[before].inputs[0])
    return before in dense and _reaches(model, graph, kernel.output)


def _reaches(model: Any, graph: Any, tensor: int) -> bool:
    """Return whether a tensor is the input of a dense layer, possibly after an activation."""
    users = [(name_of(model, one), one) for one in graph.operators if tensor in one.inputs]
    return any(
        name == "FULLY_CONNECTED" or (name in _BETWEEN and _reaches(model, graph, int(one.outputs[0])))
        for name, one in users
    )


def _split(weights: np.ndarray) -> np.ndarray:
    """Return both kernels of weights `(outputs, inputs)` beside each other, float32 `(outputs, 2 inputs)`."""
    # The quantiser takes one scale for the whole kernel.
    step = (float(np.abs(weights).max()) or 1.0) / _MOST
    coarse = np.round(weights / step)
    fine = np.clip(np.round((weights / step - coarse) / _FINER), -_MOST, _MOST)
    return (np.concatenate([coarse, fine], axis=1) * step).astype("float32")


class _Writer:
    """Writes the inputs of doubled kernels into a model."""

    def __init__(self, model: Any) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._model, self._schema = model, schema
        factor = schema.BufferT()
        factor.data = np.frombuffer(np.array([_FINER], "float32").tobytes(), "uint8")
        model.buffers.append(factor)
        self._factor = len(model.buffers) - 1
        builtin = schema.BuiltinOperator
        self._codes = {"MUL": self._code(builtin.MUL), "CONCATENATION": self._code(builtin.CONCATENATION)}

    def _code(self, number: int) -> int:
        for place, code in enumerate(self._model.operatorCodes):
            if max(code.builtinCode, code.deprecatedBuiltinCode) == number:
                return place
        code = self._schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = number
        code.version = 1
        self._model.operatorCodes.append(code)
        return len(self._model.operatorCodes) - 1

    def double(self, kernel: DenseKernel) -> None:
        graph = self._model.subgraphs[kernel.graph]
        (place,) = (i for i, one in enumerate(graph.operators) if kernel.output in one.outputs)
        layer = graph.operators[place]
        name, given = kernel.name, graph.tensors[kernel.given]
        shape = [int(size) for size in given.shape]
        factor = self._tensor(graph, f"{name}/finer_factor", [], self._factor)
        finer = self._tensor(graph, f"{name}/finer", shape)
        both = self._tensor(graph, f"{name}/both", [*shape[:-1], 2 * shape[-1]])
        wide = copy.copy(graph.tensors[layer.inputs[1]])
        wide.shape = np.array([kernel.shape[0], 2 * kernel.shape[1]], "int32")
        graph.tensors[layer.inputs[1]] = wide
        concatenation = self._schema.ConcatenationOptionsT()
        concatenation.axis = len(shape) - 1
        options = self._schema.BuiltinOptions
        graph.operators[place:place] = [
            self._operator(
                "MUL", [kernel.given, factor], finer, options.MulOptions, self._schema.MulOptionsT()
            ),
            self._operator(
                "CONCATENATION", [kernel.given, finer], both, options.ConcatenationOptions, concatenation
            ),
        ]
        layer.inputs = np.array([both, *layer.inputs[1:]], "int32")

    def _tensor(self, graph: Any, name: str, shape: list[int], buffer: int = 0) -> int:
        tensor = self._schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = name.encode(), np.array(shape, "int32"), buffer
        tensor.type = self._schema.TensorType.FLOAT32
        graph.tensors.append(tensor)
        return len(graph.tensors) - 1

    def _operator(self, name: str, inputs: list[int], output: int, kind: int, options: Any) -> Any:
        operator = self._schema.OperatorT()
        operator.opcodeIndex = self._codes[name]
        operator.inputs, operator.outputs = np.array(inputs, "int32"), np.array([output], "int32")
        operator.builtinOptionsType, operator.builtinOptions = kind, options
        return operator
