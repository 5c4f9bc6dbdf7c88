"""compile_graphs: the signatures of a TFLite file as statements in C."""

import dataclasses
import platform

from kerasae.export.formats.c99._folding import aliases, with_tables
from kerasae.export.formats.c99._graph import Graph, Tensor, read_graph
from kerasae.export.formats.c99._memory import plan
from kerasae.export.formats.c99._source import CTYPES, Constants, Source
from kerasae.export.formats.c99.operators import write

#: Functions of the C code whose last bit may differ from that of the mathematical library which the
#: interpreter calls. `power` is called for tanh and ELU in float32.
INEXACT = {"power"}
if platform.libc_ver()[0] != "glibc":
    # These have the bits of glibc.
    INEXACT |= {"exponential", "logarithm", "sine", "cosine"}
#: Answers of `detect` that the C code computes itself, because a calibration on the device changes them.
DECIDED = ("p_value", "anomalous")


@dataclasses.dataclass(frozen=True)
class Function:
    """Signature in C.

    Args:
        name: Name of the signature.
        inputs: Inputs by name.
        outputs: Outputs by name.
        statements: Body of the function.
        multiply_accumulates: Number of multiplications with an addition in a call.
        exact: Whether the answers are those of the interpreter, bit by bit. Otherwise the last bits of
            float32 may differ.
    """

    name: str
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    statements: str
    multiply_accumulates: int
    exact: bool

    @property
    def answers(self) -> list[str]:
        """Names of all answers in order. `detect` decides in addition to its graph."""
        names = list(self.outputs)
        return [names[0], *DECIDED, *names[1:]] if self.name == "detect" else names


@dataclasses.dataclass(frozen=True)
class Compiled:
    """Signatures in C, and what they share.

    Args:
        functions: Signatures by name.
        constants: Constants of all of them.
        arena: Entries of each part of the memory, by the name of the part.
        calls: Names of the functions of the templates that are called.
    """

    functions: dict[str, Function]
    constants: Constants
    arena: dict[str, int]
    calls: set[str]

    @property
    def arena_bytes(self) -> int:
        """Size of the memory in bytes."""
        sizes = {"f": 4, "q": 1, "h": 2, "u": 1, "i": 4, "l": 8, "b": 1}
        return sum(sizes[part] * count for part, count in self.arena.items())


def compile_graphs(content: bytes, signatures: dict[str, list[str]]) -> Compiled:
    """Return signatures of a file in C.

    Args:
        content: Bytes of the file.
        signatures: Outputs to compute, by signature.

    Raises:
        ExportError: If a graph has an operation that the C code lacks.
    """
    constants, calls = Constants(), set()
    arena: dict[str, int] = {}
    functions: dict[str, Function] = {}
    for signature, outputs in signatures.items():
        graph = with_tables(read_graph(content, signature).answering(outputs), content)
        same = aliases(graph)
        offsets, sizes = plan(graph, same)
        source = Source(_places(graph, same, offsets), constants)
        statements = "".join(write(one, source) for one in graph.operations if one.outputs[0] not in same)
        functions[signature] = Function(
            signature,
            graph.inputs,
            graph.outputs,
            statements,
            source.multiply_accumulates,
            not INEXACT & source.functions,
        )
        calls |= source.functions
        arena = {part: max(arena.get(part, 0), sizes.get(part, 0)) for part in {**arena, **sizes}}
    return Compiled(functions, constants, arena, calls)


def _places(graph: Graph, same: dict[Tensor, Tensor], offsets: dict[Tensor, int]) -> dict[Tensor, str]:
    places = {tensor: f"arena.{CTYPES[tensor.dtype][1]} + {start}" for tensor, start in offsets.items()}
    places |= {tensor: name for name, tensor in (*graph.inputs.items(), *graph.outputs.items())}
    for tensor in same:
        origin = tensor
        while origin in same:
            origin = same[origin]
        if origin in places:
            places[tensor] = places[origin]
    return places
