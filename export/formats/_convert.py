"""TFLite files: the conversion of endpoints, and the operations and tensors of a file."""

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
from kerasae.export.formats._parsed import name_of, parsed
from kerasae.export.parity import ExportError

from kerasae.backend import quiet

#: Prefix of the name of the first signature during the conversion. It sorts before all lower-case letters,
#: and the converter leaves it out of the names of tensors.
_FIRST = "__"


class OperationError(ExportError):
    """Error for a model with an operation that a format lacks."""


def convert(endpoints: Sequence[Endpoint], configure: Callable[[Any], None] | None = None) -> bytes:
    """Convert endpoints to a TFLite file, in float32 unless `configure` changes it.

    The conversion goes through a SavedModel. `from_concrete_functions` silently gives a file of NaN, and
    Keras's own export to LiteRT gives one signature, with operations that no device has.

    The graph of the first endpoint is the first one of the file. Programs that know no signatures, such as
    those of microcontrollers, run it. The converter orders graphs by the names of their signatures.

    Args:
        endpoints: Endpoints of the file, the default one first.
        configure: Function that sets options of the `tf.lite.TFLiteConverter`. Defaults to `None`: no
            options.

    Returns:
        The bytes of the file.

    Raises:
        OperationError: If the model has an operation that TFLite lacks.
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
                # The interpreter inside the converter warns that it is deprecated.
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
    """Give a signature and its graph a shorter name in the bytes of a file.

    A string of a FlatBuffer is its length, its characters and a zero. It is read by its length, so that
    nothing in the file moves. A file that is written anew would lose the alignment of the weights.
    """
    before, after = (struct.pack("<I", len(name)) + name.encode() + b"\0" for name in (old, new))
    if content.count(before) != 2:
        raise ExportError(
            f"Expected the name '{old}' of a signature and of a graph in the TFLite file, found it "
            f"{content.count(before)} times: this release of TensorFlow orders its graphs otherwise."
        )
    return content.replace(before, after.ljust(len(before), b"\0"))


def builtin_operations(content: bytes) -> dict[str, int]:
    """Return the number of each operation over all graphs of a file.

    Raises:
        OperationError: If an operation is not built in.
    """
    model = parsed(content)
    counts: dict[str, int] = {}
    for graph in model.subgraphs:
        for operation in graph.operators or ():
            code = model.operatorCodes[operation.opcodeIndex]
            if code.customCode:
                raise OperationError(
                    f"Expected builtin operations alone, received {code.customCode.decode()}: no device runs "
                    "it; take another network, or an activation that TFLite has."
                )
            name = name_of(model, operation)
            counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))


def float_tensors(content: bytes) -> list[str]:
    """Return the names of the floating-point tensors of a file."""
    from ai_edge_litert.tools import flatbuffer_utils

    model = parsed(content)
    kinds = (flatbuffer_utils.TensorType.FLOAT32, flatbuffer_utils.TensorType.FLOAT16)
    return [
        one.name.decode().split(";")[-1]
        for graph in model.subgraphs
        for one in graph.tensors
        if one.type in kinds
    ]
