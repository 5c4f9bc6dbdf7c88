"""Program: the graph of a TensorFlow function as data that a script of a page computes."""

import base64
import dataclasses
import json
import re
import zlib
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Self

import numpy as np
import tensorflow as tf

#: Types of tensors, by the letters that the script reads, and how their numbers are stored.
_TYPES = {"float32": "f", "float64": "d", "int32": "i", "int64": "i", "bool": "b"}
_STORED = {"f": "<f4", "d": "<f8", "i": "<i4", "b": "u1"}
#: Attributes that the script reads. To ask for one takes as long as to write a node.
_ATTRIBUTES = {
    *("DstT", "adj_x", "adj_y", "align_corners", "alpha", "axis", "begin_mask", "dilations", "ellipsis_mask"),
    *("end_mask", "epsilon", "exclusive", "explicit_paddings", "half_pixel_centers", "keep_dims"),
    *("new_axis_mask", "num", "num_split", "padding", "reverse", "shrink_axis_mask", "squeeze_dims"),
    *("strides", "transpose_a", "transpose_b"),
}
#: Letters of base85 that a page escapes, each of which would take six characters, and those in their place.
_LETTERS = str.maketrans("<>&", ",./")
#: Operation of TensorFlow that reads a weight.
_READ = "ReadVariableOp"


class GraphError(ValueError):
    """A graph that no page can compute."""


@dataclasses.dataclass(frozen=True)
class Program:
    """Operations of a graph in order, with their constants.

    Args:
        nodes: Operations, each a list of its name in TensorFlow, its inputs and its attributes. An input is
            the number of an earlier node, or of a node and one of its outputs. Inputs of the program are
            nodes too, and so are constants, with their type, shape and place.
        outputs: Node of each output, by name.
        constants: Bytes of all constants. Each begins at a multiple of 8.
    """

    nodes: list[list[Any]]
    outputs: dict[str, Any]
    constants: bytes

    @classmethod
    def of(
        cls,
        function: Callable[[dict[str, Any]], dict[str, Any]],
        inputs: Mapping[str, tf.TensorSpec],
    ) -> Self:
        """Trace a function of tensors.

        Args:
            function: Function from a dict of inputs to a dict of outputs, of TensorFlow or Keras operations.
            inputs: Shape and type of each input. All sizes must be known.

        Raises:
            GraphError: If the graph has an operation or a type that the script lacks.
        """
        traced: Any = tf.function(
            function, autograph=False, input_signature=[dict(inputs)]
        ).get_concrete_function()
        return cls(*_Writer(traced, sorted(inputs)).write())

    @cached_property
    def payload(self) -> dict[str, Any]:
        """What the script reads, as plain values.

        First come the first bytes of all words of the constants, then the second ones, and so on: signs and
        exponents are alike, so that they take less space beside each other.
        """
        planes = np.frombuffer(self.constants, "u1").reshape(-1, 4).T.tobytes()
        return {
            "nodes": _packed(json.dumps(self.nodes, separators=(",", ":")).encode()),
            "constants": _packed(planes),
            "outputs": self.outputs,
        }

    @property
    def characters(self) -> int:
        """Number of characters on a page."""
        return len(self.payload["nodes"]) + len(self.payload["constants"])


@cache
def operations() -> frozenset[str]:
    """Return the names of the operations that the script has."""
    source = files("kerasae.living").joinpath("operations.js").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^  ([A-Z]\w+): ", source.partition("const OPERATIONS")[2], re.MULTILINE))


def base64_of(values: Any, dtype: str) -> str:
    """Return numbers as base64 text in a little-endian type of NumPy."""
    return base64.b64encode(np.ascontiguousarray(values, dtype).tobytes()).decode("ascii")


def _packed(content: bytes) -> str:
    """Return bytes as base85 text, compressed, with other letters for those that a page would escape."""
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    text = base64.b85encode(compressor.compress(content) + compressor.flush())
    return text.decode().translate(_LETTERS)


class _Writer:
    """Writes the nodes of a traced function, those that its outputs need.

    Args:
        traced: Concrete function of TensorFlow.
        names: Names of the inputs, in the order of the graph.
    """

    def __init__(self, traced: Any, names: list[str]) -> None:
        self._graph = traced.graph
        self._outputs = dict(zip(sorted(traced.structured_outputs), traced.outputs, strict=True))
        self._inputs = {tensor.name: name for name, tensor in zip(names, self._graph.inputs, strict=False)}
        weights = {id(variable.handle): variable for variable in traced.variables}
        self._captured = {inner.name: weights.get(id(outer), outer) for outer, inner in self._graph.captures}
        self._nodes: list[list[Any]] = []
        self._bytes = bytearray()
        #: Node of each constant by its content, and of each tensor by its name.
        self._constants: dict[tuple[str, tuple[int, ...], bytes], int] = {}
        self._written: dict[str, Any] = {}
        #: Attributes that operations of a type have.
        self._attributes: dict[str, list[str]] = {}

    def write(self) -> tuple[list[list[Any]], dict[str, Any], bytes]:
        """Return the nodes, the node of each output, and the bytes of the constants."""
        for operation in self._needed():
            self._write(operation)
        outputs = {name: self._node_of(tensor) for name, tensor in self._outputs.items()}
        return self._nodes, outputs, bytes(self._bytes)

    def _needed(self) -> list[Any]:
        """Return the operations that the outputs depend on, in the order of the graph."""
        found: set[str] = set()
        waiting = [*self._outputs.values()]
        while waiting:
            tensor = waiting.pop()
            operation = tensor.op
            if operation.name in found or tensor.name in self._inputs or self._value(tensor) is not None:
                continue
            found.add(operation.name)
            waiting += operation.inputs
        return [operation for operation in self._graph.get_operations() if operation.name in found]

    def _write(self, operation: Any) -> None:
        if operation.type not in operations():
            raise GraphError(
                f"Expected operations that a page can compute, received {operation.type} ({operation.name})."
            )
        inputs = [self._node_of(tensor) for tensor in operation.inputs]
        kind = operation.type
        if kind not in self._attributes:
            self._attributes[kind] = [name for name in operation.node_def.attr if name in _ATTRIBUTES]
        attributes = {name: _plain(operation.get_attr(name)) for name in self._attributes[kind]}
        place = self._add([kind, inputs, attributes] if attributes else [kind, inputs])
        for number, tensor in enumerate(operation.outputs):
            self._written[tensor.name] = [place, number] if number else place

    def _node_of(self, tensor: Any) -> Any:
        """Return the node of a tensor, which is written if it is an input or a constant."""
        letter = _letter(tensor)
        if tensor.name not in self._written:
            value = self._value(tensor)
            if value is not None:
                return self._constant(value, letter, tensor.name)
            self._written[tensor.name] = self._add(["Input", self._inputs[tensor.name]])
        return self._written[tensor.name]

    def _constant(self, value: np.ndarray, letter: str, name: str) -> int:
        if letter == "i" and value.size and np.abs(value.astype("float64")).max() >= 2**31:
            raise GraphError(f"Expected integers of 32 bits, received others ({name}).")
        content = np.ascontiguousarray(value, _STORED[letter]).tobytes()
        key = (letter, value.shape, content)
        if key not in self._constants:
            self._constants[key] = self._add(["Const", letter, [*value.shape], len(self._bytes)])
            self._bytes += content + bytes(-len(content) % 8)
        return self._constants[key]

    def _add(self, node: list[Any]) -> int:
        self._nodes.append(node)
        return len(self._nodes) - 1

    def _value(self, tensor: Any) -> np.ndarray | None:
        """Return the value of a constant, a weight or a shape; `None` for what depends on the inputs."""
        if tensor.op.type == _READ:
            tensor = tensor.op.inputs[0]
        if tensor.name in self._captured:
            return np.asarray(self._captured[tensor.name].numpy())
        if tensor.op.type == "Const":
            return np.asarray(tf.make_ndarray(tensor.op.get_attr("value")))
        # Shapes are known, although they are computed from an input.
        static = tf.get_static_value(tensor) if tensor.dtype.is_integer or tensor.dtype.is_bool else None
        return None if static is None else np.asarray(static)


def _letter(tensor: Any) -> str:
    if tensor.dtype.name not in _TYPES:
        raise GraphError(f"Expected numbers, received {tensor.dtype.name} ({tensor.name}).")
    if not tensor.shape.is_fully_defined():
        raise GraphError(f"Expected known shapes, received {tensor.shape} ({tensor.name}).")
    return _TYPES[tensor.dtype.name]


def _plain(value: Any) -> Any:
    """Return the value of an attribute as a plain one; a type as its letter."""
    if isinstance(value, tf.DType):
        return _TYPES.get(value.name)
    return value.decode() if isinstance(value, bytes) else value
