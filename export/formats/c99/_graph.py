"""Graph: the operations and tensors of one signature of a TFLite file."""

import dataclasses
from typing import Any

import numpy as np
from kerasae.export.formats._parsed import name_of, parsed
from kerasae.export.parity import ExportError

#: Types of tensors that the C code can hold, by their name in the schema.
_TYPES = {
    "FLOAT32": "float32",
    "INT8": "int8",
    "INT16": "int16",
    "UINT8": "uint8",
    "INT32": "int32",
    "INT64": "int64",
    "BOOL": "bool",
}
#: Lowest and highest number of quantised entries.
LIMITS = {"int8": (-128, 127), "int16": (-(2**15), 2**15 - 1)}


@dataclasses.dataclass(frozen=True, eq=False)
class Tensor:
    """Tensor of a graph. Two tensors are equal only if they are the same object.

    Args:
        index: Number of the tensor in its graph.
        name: Name in the file.
        shape: Shape, with the batch of one row.
        dtype: Type of the entries.
        scale: Scales of quantised entries, one or one for each channel; `None` for other tensors.
        zero: Zero points of quantised entries, as many as scales; `None` for other tensors.
        data: Values of a constant; `None` for a tensor that is computed.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: np.ndarray | None = None
    zero: np.ndarray | None = None
    data: np.ndarray | None = None

    @property
    def size(self) -> int:
        """Number of entries."""
        return int(np.prod(self.shape))


@dataclasses.dataclass(frozen=True, eq=False)
class Operation:
    """Operation of a graph.

    Args:
        name: Name in the schema of TFLite, such as `FULLY_CONNECTED`.
        inputs: Inputs; `None` for one that is left out.
        outputs: Outputs.
        options: Options of the operation in the schema.
    """

    name: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: Any = None

    def input(self, position: int) -> Tensor:
        """Return an input that every such operation has."""
        tensor = self.inputs[position] if position < len(self.inputs) else None
        if tensor is None:
            raise ExportError(f"Expected input {position} of the operation {self.name}, found none.")
        return tensor

    def constant(self, position: int) -> np.ndarray:
        """Return the values of an input that must be a constant."""
        data = self.input(position).data
        if data is None:
            raise ExportError(
                f"Expected a constant as input {position} of the operation {self.name}, received a tensor "
                "that is computed: the C code has fixed shapes."
            )
        return data


@dataclasses.dataclass(frozen=True)
class Graph:
    """Operations of a signature in order, with its inputs and outputs by name."""

    signature: str
    operations: tuple[Operation, ...]
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]

    def answering(self, names: list[str]) -> "Graph":
        """Return the graph of some of the outputs, with the inputs and operations that they need."""
        outputs = {name: self.outputs[name] for name in names}
        needed = set(outputs.values())
        kept = []
        for operation in reversed(self.operations):
            if needed.intersection(operation.outputs):
                needed.update(tensor for tensor in operation.inputs if tensor is not None)
                kept.append(operation)
        inputs = {name: tensor for name, tensor in self.inputs.items() if tensor in needed}
        return Graph(self.signature, tuple(reversed(kept)), inputs, outputs)


def read_graph(content: bytes, signature: str) -> Graph:
    """Return the graph of a signature.

    Raises:
        ExportError: If the file holds a tensor that C code cannot hold.
    """
    model = parsed(content)
    (defined,) = (one for one in model.signatureDefs if one.signatureKey.decode() == signature)
    graph = model.subgraphs[defined.subgraphIndex]
    tensors = [_tensor(model, i, one) for i, one in enumerate(graph.tensors)]
    operations = [
        Operation(
            name_of(model, one),
            tuple(None if i < 0 else tensors[i] for i in one.inputs),
            tuple(tensors[i] for i in one.outputs),
            one.builtinOptions,
        )
        for one in graph.operators
    ]

    def named(pairs: Any) -> dict[str, Tensor]:
        return {pair.name.decode(): tensors[pair.tensorIndex] for pair in pairs}

    return Graph(signature, tuple(operations), named(defined.inputs), named(defined.outputs))


def _tensor(model: Any, index: int, stored: Any) -> Tensor:
    from ai_edge_litert.tools import flatbuffer_utils

    kind = str(flatbuffer_utils.type_to_name(stored.type)).upper()
    name = stored.name.decode()
    if kind not in _TYPES:
        raise ExportError(f"Expected tensors of {', '.join(_TYPES)}, received {kind} ({name}).")
    dtype = _TYPES[kind]
    shape = tuple(int(size) for size in stored.shape) if stored.shape is not None else ()
    raw = model.buffers[stored.buffer].data
    data = None
    if raw is not None and len(raw):
        data = np.frombuffer(np.asarray(raw, "uint8").tobytes(), dtype).reshape(shape)
    scale = zero = None
    if stored.quantization is not None and stored.quantization.scale is not None:
        scale = np.asarray(stored.quantization.scale, "float32")
        zero = np.asarray(stored.quantization.zeroPoint, "int64")
    return Tensor(index, name, shape, dtype, scale, zero, data)
