"""Source: the C statements of a graph while they are written, and what they share with other graphs."""

import dataclasses
import textwrap
from typing import Any

import numpy as np
from kerasae.export.formats.c99._graph import Operation, Tensor

#: Type in C of the entries of a tensor, and the part of the arena that holds them.
CTYPES = {
    "float32": ("float", "f"),
    "float64": ("double", "d"),
    "int8": ("int8_t", "q"),
    "int16": ("int16_t", "h"),
    "uint8": ("uint8_t", "u"),
    "uint16": ("uint16_t", "w"),
    "int32": ("int32_t", "i"),
    "int64": ("int64_t", "l"),
    "bool": ("uint8_t", "b"),
}


def ctype(dtype: str) -> str:
    """Return the type in C of entries."""
    return CTYPES[dtype][0]


class Constants:
    """Constants of all graphs. Equal arrays are stored once.

    Attributes:
        arrays: Arrays by their name in C.
    """

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._names: dict[tuple[str, bytes], str] = {}

    def name(self, values: np.ndarray) -> str:
        """Return the name of an array, which is stored under it."""
        flat = np.ascontiguousarray(values).ravel()
        key = (flat.dtype.name, flat.tobytes())
        if key not in self._names:
            self._names[key] = f"k{len(self._names)}"
            self.arrays[self._names[key]] = flat
        return self._names[key]

    @property
    def size(self) -> int:
        """Number of bytes."""
        return sum(array.nbytes for array in self.arrays.values())


@dataclasses.dataclass
class Source:
    """C statements of one graph while they are written.

    Args:
        places: Expressions in C of the tensors that are computed, and of the inputs.
        constants: Constants of all graphs.
        functions: Names of the functions that the statements call. Filled in while statements are written.
        multiply_accumulates: Number of multiplications with an addition. Filled in likewise.
    """

    places: dict[Tensor, str]
    constants: Constants
    functions: set[str] = dataclasses.field(default_factory=set)
    multiply_accumulates: int = 0

    def place(self, tensor: Tensor) -> str:
        """Return the expression in C of a tensor."""
        return self.places[tensor] if tensor.data is None else self.constants.name(tensor.data)

    def call(self, function: str, *needed: str) -> str:
        """Return the name of a function of the templates, and note that it and those it needs are called."""
        self.functions |= {function, *needed}
        return function

    def block(self, operation: Operation, body: str, **named: Tensor | np.ndarray) -> str:
        """Return a block of statements.

        Args:
            operation: Operation that the block computes, for its comment and its outputs `y`, `y1`, ….
            body: Statements in C.
            **named: Inputs or arrays of constants, by the name that the statements use.
        """
        lines = []
        for name, value in named.items():
            if isinstance(value, Tensor):
                lines.append(f"const {ctype(value.dtype)} *{name} = {self.place(value)};")
            else:
                where = self.constants.name(value)
                lines.append(f"const {ctype(value.dtype.name)} *{name} = {where};")
        for position, output in enumerate(operation.outputs):
            lines.append(f"{ctype(output.dtype)} *y{position or ''} = {self.place(output)};")
        inside = textwrap.indent("\n".join([*lines, textwrap.dedent(body).strip()]), "    ")
        return f"  {{ /* {operation.name} */\n{inside}\n  }}\n"


def literal(value: Any) -> str:
    """Return a float32 as a literal of C, which reads back to the same bits."""
    number = np.float32(value)
    if not np.isfinite(number):
        return "NAN" if np.isnan(number) else "INFINITY" if number > 0 else "-INFINITY"
    text = np.format_float_positional(number, unique=True, trim="0")
    if len(text) > 16:
        text = np.format_float_scientific(number, unique=True, trim="0")
    return f"{text}f"
