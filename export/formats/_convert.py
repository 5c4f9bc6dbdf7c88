"""TFLite files: made of endpoints, and the operations that are in them."""

import dataclasses
import re
import struct
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from kerasae.export.endpoints import Endpoint, write_saved_model
from kerasae.export.parity import ExportError

from kerasae.backend import quiet

#: What the name of the first signature starts with during the conversion: it comes before all letters in
#: lower case, and the converter leaves it out of the names of tensors.
_FIRST = "__"


class OperationError(ExportError):
    """A model with an operation that a format lacks."""


def convert(endpoints: Sequence[Endpoint], configure: Callable[[Any], None] | None = None) -> bytes:
    """Return the bytes of a file that answers endpoints; float32 unless configured otherwise.

    The conversion goes through a SavedModel: `from_concrete_functions` gives a file of NaN without an error,
    and Keras's own export to LiteRT one signature, with operations that no device has.

    The graph of the first endpoint is the first of the file, which programs run that know no signatures,
    such as those of microcontrollers. The converter orders graphs by the names of their signatures.

    Args:
        endpoints: Endpoints to answer; the first is the default.
        configure: Function that sets options of the `tf.lite.TFLiteConverter`. Defaults to none.

    Raises:
        OperationError: for an operation that TFLite lacks.
    """
    default = endpoints[0].name
    # One graph alone has a name of the converter's own, and is the first.
    first = default if len(endpoints) == 1 else _FIRST + default
    endpoints = [dataclasses.replace(endpoints[0], name=first), *endpoints[1:]]
    with tempfile.TemporaryDirectory(prefix="kerasae-") as folder, quiet(show_failure=False):
        write_saved_model(Path(folder), endpoints, [])
        converter = tf.lite.TFLiteConverter.from_saved_model(
            folder, signature_keys=[endpoint.name for endpoint in endpoints]
        )
        if configure is not None:
            configure(converter)
        try:
            with warnings.catch_warnings():
                # Of the interpreter inside the converter, which is not ours to replace.
                warnings.simplefilter("ignore")
                content = bytes(converter.convert())
        except Exception as error:
            operations = re.search(r"(?:Select|Custom) ops?: ([\w, ]+)", str(error))
            if operations is None:
                raise
            raise OperationError(
                f"Expected operations that TFLite has, received {operations[1].strip()}; take another "
                "activation or network."
            ) from None
    return content if first == default else _renamed(content, first, default)


def _renamed(content: bytes, old: str, new: str) -> bytes:
    """Return a file whose signature and graph of one name have another, shorter one.

    A string of a FlatBuffer is its length, its characters and a zero, and is read by its length: nothing
    moves, and the weights keep their alignment, which writing the file anew would lose.
    """
    before, after = (struct.pack("<I", len(name)) + name.encode() + b"\0" for name in (old, new))
    if content.count(before) != 2:
        raise ExportError(
            f"Expected the name '{old}' of a signature and of a graph in the TFLite file, found it "
            f"{content.count(before)} times: this release of TensorFlow orders its graphs otherwise."
        )
    return content.replace(before, after.ljust(len(before), b"\0"))


def builtin_operations(content: bytes) -> dict[str, int]:
    """Return how many of each operation a file has in all its graphs.

    Raises:
        OperationError: for one that is not built in.
    """
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    counts: dict[str, int] = {}
    for graph in model.subgraphs:
        for operation in graph.operators or ():
            code = model.operatorCodes[operation.opcodeIndex]
            if code.customCode:
                raise OperationError(
                    f"Expected builtin operations alone, received {code.customCode.decode()}: no device runs "
                    "it; take another network, or an activation that TFLite has."
                )
            name = str(flatbuffer_utils.opcode_to_name(model, operation.opcodeIndex))
            counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))


def float_tensors(content: bytes) -> list[str]:
    """Return the names of a file's tensors of floating point."""
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    kinds = (flatbuffer_utils.TensorType.FLOAT32, flatbuffer_utils.TensorType.FLOAT16)
    return [
        one.name.decode().split(";")[-1]
        for graph in model.subgraphs
        for one in graph.tensors
        if one.type in kinds
    ]
