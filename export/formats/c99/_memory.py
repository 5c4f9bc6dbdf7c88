"""plan: places in one static memory for tensors that do not live at the same time."""

from collections.abc import Mapping

from kerasae.export.formats.c99._graph import Graph, Tensor
from kerasae.export.formats.c99._source import CTYPES


def plan(graph: Graph, aliases: Mapping[Tensor, Tensor]) -> tuple[dict[Tensor, int], dict[str, int]]:
    """Return the place of each tensor in the part of the memory for its type, and the sizes of the parts.

    A part has one type, so that no memory is read as another type than it was written, which C forbids. The
    largest tensors are placed first, each at the first gap that is free during its life (Pisarchyk and Lee
    2020, greedy by size).

    Args:
        graph: Graph to plan. Its inputs and outputs have memory of their own.
        aliases: Tensors that are another tensor in a new shape.
    """

    def stored(tensor: Tensor) -> Tensor:
        while tensor in aliases:
            tensor = aliases[tensor]
        return tensor

    outside = {*graph.inputs.values(), *graph.outputs.values()}
    lives: dict[Tensor, list[int]] = {}
    for step, operation in enumerate(graph.operations):
        for tensor in (*operation.inputs, *operation.outputs):
            if tensor is None or (tensor := stored(tensor)).data is not None or tensor in outside:
                continue
            lives.setdefault(tensor, [step, step])[1] = step
    offsets: dict[Tensor, int] = {}
    sizes: dict[str, int] = {}
    for tensor in sorted(lives, key=lambda one: -one.size):
        part = CTYPES[tensor.dtype][1]
        first, last = lives[tensor]
        taken = sorted(
            (offsets[other], offsets[other] + other.size)
            for other in offsets
            if CTYPES[other.dtype][1] == part and lives[other][0] <= last and first <= lives[other][1]
        )
        start = 0
        for low, high in taken:
            if low - start >= tensor.size:
                break
            start = max(start, high)
        offsets[tensor] = start
        sizes[part] = max(sizes.get(part, 0), start + tensor.size)
    return offsets, sizes
