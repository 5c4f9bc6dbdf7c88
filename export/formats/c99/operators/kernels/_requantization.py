"""Requantisation: from sums of products to int8 or int16, as in the reference kernels of TFLite."""

import math

import numpy as np
from kerasae.export.formats.c99._graph import LIMITS, Operation, Tensor
from kerasae.export.parity import ExportError


def multipliers(given: Tensor, weights: Tensor, output: Tensor, channels: int) -> np.ndarray:
    """Return the multiplier and the shift of each channel, int32 of shape `(channels, 2)`.

    A sum is scaled by `multiplier / 2^31 * 2^shift`, which is the scale of `scales`.
    """
    return np.array([_fixed(float(one)) for one in scales(given, weights, output, channels)], "int32")


def scales(given: Tensor, weights: Tensor, output: Tensor, channels: int) -> np.ndarray:
    """Return the scale of the sum of each channel, `scale_in * scale_weights / scale_out`, float64."""
    if given.scale is None or weights.scale is None or output.scale is None:
        raise ExportError("Expected a kernel with int8 on both sides, received one without scales.")
    if np.any(weights.zero != 0):
        raise ExportError("Expected weights with the zero point 0.")
    each = np.broadcast_to(weights.scale.astype("float64"), (channels,))
    return np.asarray(float(given.scale[0]) * each / float(output.scale[0]))


def _fixed(real: float) -> tuple[int, int]:
    fraction, shift = math.frexp(real)
    multiplier = math.floor(fraction * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier, shift = multiplier // 2, shift + 1
    return (0, 0) if shift < -31 else (multiplier, shift)


def zero_point(tensor: Tensor) -> int:
    """Return the int8 or int16 of the number 0."""
    if tensor.zero is None:
        raise ExportError(f"Expected the tensor {tensor.name} in int8, received {tensor.dtype}.")
    return int(tensor.zero[0])


def bounds(operation: Operation, output: Tensor) -> tuple[int, int]:
    """Return the lowest and the highest step that the fused activation lets pass."""
    scale, zero = output.scale, zero_point(output)
    assert scale is not None

    def step(number: float) -> int:
        ratio = np.float32(number) / np.float32(scale[0])
        return zero + int(math.copysign(math.floor(abs(ratio) + 0.5), ratio))

    low, high = {0: (None, None), 1: (0.0, None), 2: (-1.0, 1.0), 3: (0.0, 6.0)}[
        operation.options.fusedActivationFunction
    ]
    lowest, highest = LIMITS[output.dtype]
    return (
        lowest if low is None else max(lowest, step(low)),
        highest if high is None else min(highest, step(high)),
    )


def bias(operation: Operation, position: int, channels: int) -> np.ndarray:
    """Return the biases of a kernel, `(channels,)`; zeros if it has none.

    They are int32 beside inputs in int8, and int64 beside inputs in int16.
    """
    given = operation.inputs[position] if position < len(operation.inputs) else None
    dtype = "int64" if operation.outputs[0].dtype == "int16" else "int32"
    if given is None:
        return np.zeros(channels, dtype)
    if given.data is None or given.dtype != dtype:
        raise ExportError(f"Expected constant biases of {operation.name} in {dtype}, received {given.dtype}.")
    return given.data.ravel()
