"""Folding: functions of one int8 as tables, and changes of shape as nothing at all."""

import copy
import dataclasses

import numpy as np
from kerasae.export.formats._parsed import read_model, write_model
from kerasae.export.formats.c99._graph import Graph, Operation, Tensor

from kerasae.backend import quiet

#: Operators that compute each entry from that at the same place, if their other inputs are single numbers.
_ENTRYWISE = {
    *("ABS", "NEG", "SQUARE", "SQRT", "RSQRT", "FLOOR", "CEIL", "ROUND", "SIGN", "EXP", "LOG", "SIN", "COS"),
    *("TANH", "LOGISTIC", "RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "ELU", "GELU", "LEAKY_RELU"),
    *("HARD_SWISH", "ADD", "SUB", "MUL", "DIV", "POW", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"),
    *("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "SELECT", "SELECT_V2"),
    *("LOGICAL_AND", "LOGICAL_OR", "LOGICAL_NOT", "CAST"),
}
#: Operators of float32 whose last bits are those of a machine's own mathematical library.
_SLOW = ("TANH", "ELU", "GELU")
#: Operators that only change the shape.
SAME_ENTRIES = ("RESHAPE", "EXPAND_DIMS", "SQUEEZE")


def with_tables(graph: Graph, content: bytes) -> Graph:
    """Return a graph in which functions of an int8 that are computed in float32 are tables of 256 numbers.

    The file leaves activations such as tanh in float32, behind DEQUANTIZE. Those before a QUANTIZE to int8
    become tables of int8, and other ones of `_SLOW` tables of float32. The values of a table are those that
    the interpreter computes. A table is exact on every processor, and quick.

    Args:
        graph: Graph of a signature.
        content: Bytes of the file with the graph.
    """
    made_by = {output: operation for operation in graph.operations for output in operation.outputs}
    operations = []
    for operation in graph.operations:
        quantized = operation.name == "QUANTIZE" and operation.outputs[0].dtype == "int8"
        if quantized or (operation.name in _SLOW and operation.outputs[0].dtype == "float32"):
            chain = _chain(operation, made_by)
            if chain is not None:
                values = _values(content, graph.signature, chain)
                source = chain[0].input(0)
                operation = Operation("TABLE", (source,), operation.outputs, values)
        operations.append(operation)
    return dataclasses.replace(graph, operations=tuple(operations)).answering(list(graph.outputs))


def aliases(graph: Graph) -> dict[Tensor, Tensor]:
    """Return the tensors that hold the entries of another tensor, in a new shape or the same int8."""
    found = {}
    for operation in graph.operations:
        same = operation.name in SAME_ENTRIES or (
            operation.name == "TABLE" and np.array_equal(operation.options, np.arange(-128, 128))
        )
        if same and operation.outputs[0] not in graph.outputs.values():
            found[operation.outputs[0]] = operation.input(0)
    return found


def _chain(last: Operation, made_by: dict[Tensor, Operation]) -> list[Operation] | None:
    """Return the operations from one DEQUANTIZE to a QUANTIZE in order; `None` if there is no such chain."""
    kept: list[Operation] = []

    def visit(operation: Operation) -> bool:
        if operation in kept:
            return True
        if operation.name == "DEQUANTIZE":
            kept.append(operation)
            return operation.input(0).dtype == "int8" and operation.input(0).data is None
        if operation is not last and operation.name not in {*_ENTRYWISE, *SAME_ENTRIES}:
            return False
        for position, tensor in enumerate(operation.inputs):
            if tensor is None or (operation.name in SAME_ENTRIES and position > 0):
                continue
            if tensor.data is not None:
                if tensor.size != 1:
                    return False
            elif tensor not in made_by or not visit(made_by[tensor]):
                return False
        kept.append(operation)
        return True

    if not visit(last) or sum(operation.name == "DEQUANTIZE" for operation in kept) != 1:
        return None
    size = kept[0].input(0).size
    return kept if all(one.size == size for operation in kept for one in operation.outputs) else None


def _values(content: bytes, signature: str, chain: list[Operation]) -> np.ndarray:
    """Return what the interpreter makes of all numbers of int8 in a chain of operations, `(256,)`."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    model = read_model(content)
    (defined,) = (one for one in model.signatureDefs if one.signatureKey.decode() == signature)
    graph = copy.copy(model.subgraphs[defined.subgraphIndex])
    by_output = {int(one.outputs[0]): one for one in graph.operators}
    operators = [copy.copy(by_output[one.outputs[0].index]) for one in chain]
    renamed: dict[int, int] = {}
    for one in operators:
        # A change of shape would need the new shape.
        if one.outputs[0] in {op.outputs[0].index for op in chain if op.name in SAME_ENTRIES}:
            renamed[int(one.outputs[0])] = renamed.get(int(one.inputs[0]), int(one.inputs[0]))
    operators = [one for one in operators if int(one.outputs[0]) not in renamed]
    tensors = [copy.copy(tensor) for tensor in graph.tensors]
    for one in operators:
        one.inputs = np.array([renamed.get(int(i), int(i)) for i in one.inputs], "int32")
    for operation in chain:
        for tensor in (*operation.inputs[:1], *operation.outputs):
            if tensor is not None and tensor.data is None:
                tensors[tensor.index].shape = np.array([256], "int32")
                tensors[tensor.index].shapeSignature = None
    graph.tensors, graph.operators = tensors, operators
    graph.inputs = np.array([chain[0].input(0).index], "int32")
    graph.outputs = np.array([chain[-1].outputs[0].index], "int32")
    model.subgraphs, model.signatureDefs = [graph], []
    with quiet():
        interpreter = Interpreter(
            model_content=write_model(model),
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        )
        interpreter.allocate_tensors()
        interpreter.set_tensor(graph.inputs[0], np.arange(-128, 128, dtype="int8"))
        interpreter.invoke()
        return np.array(interpreter.get_tensor(graph.outputs[0]))
