"""CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV: convolutions of images, in int8 and int16."""

import numpy as np
from kerasae.export.formats.c99._graph import LIMITS, Operation, Tensor
from kerasae.export.formats.c99._source import Source
from kerasae.export.formats.c99.operators._loops import Operator
from kerasae.export.formats.c99.operators.kernels import _requantization as requantization
from kerasae.export.parity import ExportError


def _padding(options: object, size: int, kernel: int, stride: int, dilation: int, out: int) -> int:
    """Return the number of rows or columns that are added before an image."""
    reach = (kernel - 1) * dilation + 1
    same = getattr(options, "padding", 0) == 0
    return max(0, (out - 1) * stride + reach - size) // 2 if same else 0


def _plane(tensor: Tensor) -> tuple[int, int, int]:
    """Return height, width and channels of one image."""
    _, height, width, channels = tensor.shape
    return height, width, channels


def _convolution(function: str, *, depthwise: bool = False, transposed: bool = False) -> Operator:
    def write(operation: Operation, source: Source) -> str:
        given = operation.input(2 if transposed else 0)
        weights, (output,) = operation.input(1), operation.outputs
        if given.dtype not in LIMITS or weights.dtype != "int8":
            raise ExportError(f"Expected {operation.name} in int8 or int16, received {given.dtype}.")
        options, kernel = operation.options, weights.shape[1:3]
        source_plane, target_plane = _plane(given), _plane(output)
        strides = options.strideH, options.strideW
        dilations = getattr(options, "dilationHFactor", 1), getattr(options, "dilationWFactor", 1)
        # A transposed convolution goes from the output to the input.
        wide, narrow = (target_plane, source_plane) if transposed else (source_plane, target_plane)
        padding = [
            _padding(options, wide[axis], kernel[axis], strides[axis], dilations[axis], narrow[axis])
            for axis in (0, 1)
        ]
        channels = target_plane[2]
        scaling = requantization.multipliers(given, weights, output, channels)
        scaling = scaling[:1] if np.all(scaling == scaling[0]) else scaling
        biases = requantization.bias(operation, 3 if transposed else 2, channels)
        low, high = requantization.bounds(operation, output)
        shape = [*source_plane, *target_plane, *kernel, *strides, *dilations, *padding]
        numbers = [
            -requantization.zero_point(given),
            requantization.zero_point(output),
            low,
            high,
            int(len(scaling) > 1),
        ]
        depth = 1 if depthwise else source_plane[2]
        area = source_plane[0] * source_plane[1] if transposed else target_plane[0] * target_plane[1]
        source.multiply_accumulates += given.shape[0] * area * kernel[0] * kernel[1] * channels * depth
        requantized = "requantized_twice" if given.dtype == "int8" else "requantized_coarsely"
        call = source.call(f"{function}_{given.dtype}", "convolution", requantized)
        steps = f"++i, a += {np.prod(source_plane)}, y += {np.prod(target_plane)}"
        body = f"""
        static const convolution_shape shape = {{{", ".join(map(str, [*shape, *numbers]))}}};
        for (size_t i = 0; i < {given.shape[0]}; {steps}) {call}(a, w, b, s, y, &shape);"""
        return source.block(operation, body, a=given, w=weights, b=biases, s=scaling)

    return write


OPERATORS: dict[str, Operator] = {
    "CONV_2D": _convolution("conv_2d"),
    "DEPTHWISE_CONV_2D": _convolution("depthwise_conv_2d", depthwise=True),
    "TRANSPOSE_CONV": _convolution("transpose_conv", transposed=True),
}
