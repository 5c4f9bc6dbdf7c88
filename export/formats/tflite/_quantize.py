"""quantize: a float32 TFLite file with quantised kernels, made by Google's quantiser for LiteRT.

The converter of TensorFlow quantises everything it can. But constants of a preprocessing overflow in float16
(a date is 1.6e9 seconds), int8 has no missing entry, and a score computed in int8 has only 256 values. Here
only the kernels are quantised, and everything between them stays in float32.
"""

import contextlib
import io
import re
import warnings
from collections.abc import Callable
from typing import Literal

from kerasae.export.formats.tflite._convolutions import convolution_kernels
from kerasae.export.formats.tflite._doubling import with_doubled_kernels
from kerasae.export.formats.tflite._observation import Observation
from kerasae.export.formats.tflite._rounding import with_rounded_kernels

from kerasae.backend import quiet
from kerasae.precisions import Precision

#: Bits of activations and weights. Activations of 32 bits are float32; weights of 16 bits are two kernels in
#: int8.
Bits = Literal["8x8", "16x8", "16x16", "32x8"]
#: Operations with a kernel.
_KERNELS = ("FULLY_CONNECTED", "CONV_2D", "CONV_2D_TRANSPOSE", "DEPTHWISE_CONV_2D")
#: Last layers whose outputs are logits and numbers side by side. One range for all of them is too coarse for
#: the numbers, so their activations stay in float32.
_MIXED = r".*(heads|logits).*"
#: Products inside an anomaly score. In int8 all rows outside the range of the calibration rows would have the
#: same score, but these are the rows that a score must find.
_SCORES = r".*_score.*"

#: Factor by which ranges of 16 bits are wider than those of the training rows. Rows outside these are what a
#: detector must judge, and a code that is cut off makes them look like others. 16,384 steps are left.
_HEADROOM = 4.0


def quantize(
    content: bytes,
    precision: Precision,
    observed: Callable[[bytes], Observation],
    *,
    bits: Bits = "8x8",
) -> bytes:
    """Return a float32 file in another precision.

    Args:
        content: Bytes of the file.
        precision: New precision, `float16`, `dynamic` or `int8`.
        observed: Function that returns the tensors of a float32 file on training rows. They set the ranges of
            int8.
        bits: Bits of the activations and of the weights: `"8x8"` or `"32x8"` of dynamic, `"8x8"`, `"16x8"` or
            `"16x16"` of int8. With `"16x16"` the first and the last dense layer are in float32. Defaults to
            `"8x8"`.
    """
    from ai_edge_quantizer import qtyping, quantizer
    from ai_edge_quantizer.algorithm_manager import AlgorithmName

    # The quantiser writes to both streams, and the interpreter warns of memory that is used on purpose.
    said = io.StringIO()
    with (
        quiet(),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        wide, plain = precision == "int8" and bits != "8x8", [_SCORES]
        if precision == "int8" and bits == "16x16":
            content, others = with_doubled_kernels(content)
            plain += [f"^{re.escape(name)};$" for name in others]
        work = quantizer.Quantizer(bytearray(content))
        for name in _KERNELS:
            operation = qtyping.TFLOperationName(name)
            if precision == "float16":
                half = qtyping.TensorQuantizationConfig(num_bits=16, dtype=qtyping.TensorDataType.FLOAT)
                weights = qtyping.OpQuantizationConfig(weight_tensor_config=half)
                work.update_quantization_recipe(".*", operation, weights, AlgorithmName.FLOAT_CASTING)
            elif precision == "dynamic" and bits == "32x8":
                work.add_weight_only_config(".*", operation, 8)
            elif precision == "dynamic":
                work.add_dynamic_config(".*", operation, 8)
            else:
                work.add_static_config(".*", operation, 16 if wide else 8, 8)
        dense = qtyping.TFLOperationName.FULLY_CONNECTED
        if wide:
            # Its kernel computes with integers alone, so that it has the same bits on every processor.
            work.add_static_config(".*", qtyping.TFLOperationName.TANH, 16, 8)
        elif precision == "int8":
            work.add_dynamic_config(_MIXED, dense, 8)
        # A later entry takes precedence.
        for outputs in plain:
            work.update_quantization_recipe(outputs, dense, algorithm_key=AlgorithmName.NO_QUANTIZE)
        if precision == "float16":
            return bytes(work.quantize(None).quantized_model)
        seen = observed(content)
        ranges = seen.widened(_HEADROOM) if wide else seen.ranges
        quantized = bytes(work.quantize(ranges if precision == "int8" else None).quantized_model)
        products = seen.products
        if bits == "16x16":
            # Two kernels of a dense layer leave nothing to make up for.
            convolutions = {kernel.buffer for kernel in convolution_kernels(content)}
            products = {buffer: one for buffer, one in products.items() if buffer in convolutions}
        return with_rounded_kernels(quantized, content, products)
