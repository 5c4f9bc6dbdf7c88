"""set_numbers: numbers of a detector in a `.tflite` file, in place of those that it has."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np


def set_numbers(content: bytes, numbers: Mapping[str, np.ndarray]) -> bytes:
    """Return a file in which tensors of float32 have other values. Nothing else changes.

    The detector reads each of its numbers under a name of its own, which the converter and the quantiser keep
    as the first part of the name of the tensor: `threshold/Identity/ReadVariableOp`.

    Args:
        content: Bytes of the file.
        numbers: New values by name.

    Raises:
        ValueError: If the file lacks a name, or another tensor shares the values.
    """
    from ai_edge_litert import schema_py_generated as schema

    changed = bytearray(content)
    model = schema.Model.GetRootAs(changed, 0)
    names: dict[int, set[str]] = {}
    graphs = (model.Subgraphs(i) for i in range(model.SubgraphsLength()))
    for graph in graphs:
        for tensor in (graph.Tensors(i) for i in range(graph.TensorsLength())):
            # Where an input has the name of a number too, the number ends with `_1`.
            name = re.sub(r"_\d+$", "", tensor.Name().decode().partition("/")[0])
            names.setdefault(tensor.Buffer(), set()).add(name)
    for name, values in numbers.items():
        places = [
            one for one, users in names.items() if name in users and len(_data(model.Buffers(one), changed))
        ]
        new = np.ascontiguousarray(values, "<f4").reshape(-1).view("uint8")
        if not places or any(names[one] != {name} for one in places):
            raise ValueError(
                f"Expected a .tflite file with numbers named '{name}' of their own, received one without; "
                "export the run again."
            )
        for one in places:
            data = _data(model.Buffers(one), changed)
            if len(data) != len(new):
                raise ValueError(
                    f"Expected {len(new)} bytes of '{name}', received {len(data)}; export again."
                )
            data[:] = new
    return bytes(changed)


def _data(buffer: Any, content: bytearray) -> np.ndarray:
    """Return the data of a buffer as a view of the bytes of the file.

    A file in float16 has them behind the FlatBuffer, at a distance from the beginning of the file.
    """
    if buffer.Offset() > 1:
        return np.frombuffer(content, "uint8", buffer.Size(), buffer.Offset())
    return buffer.DataAsNumpy() if buffer.DataLength() else np.empty(0, "uint8")
