"""Each operator in C answers as TFLite's reference kernel, bit by bit, also to odd numbers and odd shapes."""

import dataclasses
import platform
import shutil
import subprocess

import numpy as np
import pytest
from kerasae.export.formats.c99._building import packed
from kerasae.export.formats.c99._compiler import compile_graphs
from kerasae.export.formats.c99._reference import ReferenceModel
from kerasae.export.formats.c99.operators import operators
from kerasae.export.parity import ExportError

from .graphs import Single, Value, build, options, write_model

pytestmark = pytest.mark.skipif(
    shutil.which("gcc") is None, reason="needs gcc: apt-get install gcc libc6-dev"
)

ROWS = 300
RNG = np.random.default_rng(0)


def weights(*shape, per_channel=False, axis=0):
    """int8 weights, with one scale or one for each channel."""
    scale = 0.01 + 0.02 * RNG.random(shape[axis] if per_channel else 1)
    return Value(data=RNG.integers(-127, 128, shape).astype("int8"), scale=scale, axis=axis)


def bias(size, given, kernel):
    dtype = "int64" if given.dtype == "int16" else "int32"
    return Value(
        data=RNG.integers(-2000, 2000, size).astype(dtype), scale=given.scale * np.asarray(kernel.scale)
    )


def activation(*shape, scale=0.05, zero=3):
    return Value(shape, "int8", scale, zero)


def kernel(name, given, weighed, output, channels, made, *, first=()):
    inputs = [*first, *([weighed, given] if first else [given, weighed]), bias(channels, given, weighed)]
    return Single(name, inputs, [output], made)


def dense(per_channel=False, act=0, scale=0.7):
    given, weighed = activation(1, 9), weights(5, 9, per_channel=per_channel)
    made = options("FullyConnectedOptions", fusedActivationFunction=act)
    return kernel("FULLY_CONNECTED", given, weighed, activation(1, 5, scale=scale, zero=-20), 5, made)


def image(name, out, weighed, made, given=(1, 5, 7, 3), first=()):
    return kernel(name, activation(*given), weighed, activation(*out, scale=0.9), out[-1], made, first=first)


def step(*shape, scale):
    return Value(shape, "int16", scale, 0)


def wide(single):
    """The same operation with activations in int16."""

    def widened(value):
        if value is None or value.dtype != "int8" or value.data is not None:
            return value
        return step(*value.shape, scale=value.scale / 256)

    *inputs, given_bias = map(widened, single.inputs)
    biases = 256 * given_bias.data.astype("int64")
    given_bias = dataclasses.replace(given_bias, data=biases, scale=given_bias.scale / 256)
    return dataclasses.replace(single, inputs=[*inputs, given_bias], outputs=[*map(widened, single.outputs)])


def far(single):
    """The same operation in int16 with a bias that no int32 holds."""
    made = wide(single)
    biases = made.inputs[2].data.copy()
    biases[0] = 2**31 + 5
    return dataclasses.replace(
        made, inputs=[*made.inputs[:2], dataclasses.replace(made.inputs[2], data=biases)]
    )


def numbers(*shape):
    return Value(shape)


def constant(values, dtype="float32"):
    return Value(data=np.asarray(values, dtype))


def floats(name, *inputs, out, made=None, dtype="float32"):
    return Single(name, list(inputs), [Value(out, dtype)], made)


INT8 = {
    "dense": dense(),
    "dense_relu": dense(act=1),
    "dense_relu6": dense(act=3, scale=0.05),
    "dense_up": dense(scale=0.0004),
    "dense_channels": dense(per_channel=True),
    "conv_same": image(
        "CONV_2D",
        (1, 3, 4, 4),
        weights(4, 3, 3, 3, per_channel=True),
        options("Conv2DOptions", padding=0, strideH=2, strideW=2, fusedActivationFunction=1),
    ),
    "conv_of_three": image(
        "CONV_2D",
        (3, 3, 4, 4),
        weights(4, 3, 3, 3),
        options("Conv2DOptions", padding=0, strideH=2, strideW=2),
        given=(3, 5, 7, 3),
    ),
    "conv_dilated": image(
        "CONV_2D",
        (1, 1, 3, 2),
        weights(2, 3, 3, 3),
        options("Conv2DOptions", padding=1, strideH=1, strideW=1, dilationHFactor=2, dilationWFactor=2),
    ),
    "depthwise": image(
        "DEPTHWISE_CONV_2D",
        (1, 5, 7, 6),
        weights(1, 3, 2, 6, per_channel=True, axis=3),
        options("DepthwiseConv2DOptions", padding=0, strideH=1, strideW=1, depthMultiplier=2),
    ),
    "transposed": image(
        "TRANSPOSE_CONV",
        (1, 10, 14, 4),
        weights(4, 3, 3, 3, per_channel=True),
        options("TransposeConvOptions", padding=0, strideH=2, strideW=2),
        first=[constant([1, 10, 14, 4], "int32")],
    ),
    "transposed_of_two": image(
        "TRANSPOSE_CONV",
        (2, 10, 14, 4),
        weights(4, 3, 3, 3),
        options("TransposeConvOptions", padding=0, strideH=2, strideW=2),
        given=(2, 5, 7, 3),
        first=[constant([2, 10, 14, 4], "int32")],
    ),
    "transposed_valid": image(
        "TRANSPOSE_CONV",
        (1, 14, 20, 2),
        weights(2, 2, 2, 3),
        options("TransposeConvOptions", padding=1, strideH=3, strideW=3),
        first=[constant([1, 14, 20, 2], "int32")],
    ),
}

KERNELS = {
    **INT8,
    "dense_float": floats(
        "FULLY_CONNECTED",
        numbers(1, 9),
        constant(RNG.normal(size=(5, 9))),
        constant(RNG.normal(size=5)),
        out=(1, 5),
        made=options("FullyConnectedOptions", fusedActivationFunction=1),
    ),
    "dense_mixed": floats(
        "FULLY_CONNECTED",
        numbers(1, 9),
        weights(5, 9),
        constant(RNG.normal(size=5)),
        out=(1, 5),
        made=options("FullyConnectedOptions"),
    ),
    **{f"{name}_int16": wide(one) for name, one in INT8.items()},
    "dense_long_int16": kernel(
        "FULLY_CONNECTED",
        step(1, 2000, scale=0.003),
        weights(5, 2000),
        step(1, 5, scale=0.05),
        5,
        options("FullyConnectedOptions"),
    ),
    "dense_far_int16": far(dense()),
    # Half of the sums lie between two steps.
    "dense_ties_int16": kernel(
        "FULLY_CONNECTED",
        step(1, 3, scale=1.0),
        Value(data=np.eye(3, dtype="int8"), scale=0.5),
        step(1, 3, scale=1.0),
        3,
        options("FullyConnectedOptions"),
    ),
    "quantize_int16": Single("QUANTIZE", [numbers(1, 12)], [step(1, 12, scale=0.001)]),
    "dequantize_int16": Single("DEQUANTIZE", [step(1, 12, scale=0.001)], [numbers(1, 12)]),
    **{
        f"tanh_int16_{i}": Single("TANH", [step(1, 120, scale=scale)], [step(1, 120, scale=2**-15)])
        # Some are almost powers of two, on both sides of what TFLite takes for one.
        for i, scale in enumerate(
            [
                *(2**-12, 2**-11, 2**-13, 3e-4, 1.1e-3, 1e-5),
                *(0.99998 * 2**-12, 1.0006 * 2**-12, 0.9994 * 2**-11, 0.999 * 2**-12, 1.001 * 2**-11),
            ]
        )
    },
    "quantize": Single("QUANTIZE", [numbers(1, 12)], [activation(1, 12, zero=-7)]),
    "quantize_up": Single("QUANTIZE", [numbers(1, 12)], [activation(1, 12, zero=7)]),
    "dequantize": Single("DEQUANTIZE", [activation(1, 12)], [numbers(1, 12)]),
}

PLAIN = {
    "add_row": floats("ADD", numbers(2, 3, 4), constant(RNG.normal(size=4)), out=(2, 3, 4)),
    "mul_column": floats(
        "MUL", numbers(2, 3, 1), numbers(1, 3, 4), out=(2, 3, 4), made=options("MulOptions")
    ),
    "sub_relu": floats(
        "SUB", constant(0.5), numbers(1, 6), out=(1, 6), made=options("SubOptions", fusedActivationFunction=1)
    ),
    "div": floats("DIV", numbers(1, 6), numbers(1, 6), out=(1, 6), made=options("DivOptions")),
    "maximum": floats("MAXIMUM", numbers(1, 6), constant(0.25), out=(1, 6)),
    "minimum": floats("MINIMUM", numbers(1, 6), numbers(1, 1), out=(1, 6)),
    "squared_difference": floats("SQUARED_DIFFERENCE", numbers(1, 6), numbers(1, 6), out=(1, 6)),
    **{
        name.lower(): floats(name, numbers(1, 8), out=(1, 8))
        for name in ("ABS", "NEG", "SQUARE", "SIGN", "FLOOR", "SQRT", "RSQRT", "RELU")
    },
    "leaky": floats("LEAKY_RELU", numbers(1, 8), out=(1, 8), made=options("LeakyReluOptions", alpha=0.2)),
    "less": floats("LESS", numbers(1, 6), constant(0.25), out=(1, 6), dtype="bool"),
    "not_equal": floats("NOT_EQUAL", numbers(1, 6), numbers(1, 6), out=(1, 6), dtype="bool"),
    "sum_all": floats("SUM", numbers(3, 4), constant([1], "int32"), out=(3,), made=options("ReducerOptions")),
    "sum_first": floats(
        "SUM",
        numbers(3, 4),
        constant([0], "int32"),
        out=(1, 4),
        made=options("ReducerOptions", keepDims=True),
    ),
    "mean": floats("MEAN", numbers(3, 7), constant([1], "int32"), out=(3,), made=options("ReducerOptions")),
    "greatest": floats(
        "REDUCE_MAX", numbers(3, 4), constant([-1], "int32"), out=(3,), made=options("ReducerOptions")
    ),
    "joined": floats(
        "CONCATENATION",
        numbers(2, 3),
        numbers(2, 2),
        out=(2, 5),
        made=options("ConcatenationOptions", axis=1),
    ),
    "packed": floats(
        "PACK",
        numbers(2, 3),
        numbers(2, 3),
        out=(2, 2, 3),
        made=options("PackOptions", axis=1, valuesCount=2),
    ),
    "packed_last": floats(
        "PACK",
        numbers(1, 3),
        numbers(1, 3),
        out=(1, 3, 2),
        made=options("PackOptions", axis=2, valuesCount=2),
    ),
    "sliced": floats(
        "STRIDED_SLICE",
        numbers(3, 6),
        constant([2, 1], "int32"),
        constant([0, 6], "int32"),
        constant([1, 2], "int32"),
        out=(3,),
        made=options("StridedSliceOptions", shrinkAxisMask=1),
    ),
    "transpose": floats("TRANSPOSE", numbers(2, 3, 4), constant([2, 0, 1], "int32"), out=(4, 2, 3)),
    "pad": floats("PAD", numbers(2, 3), constant([[0, 1], [2, 0]], "int32"), out=(3, 5)),
    "gather": floats(
        "GATHER",
        numbers(2, 5),
        constant([4, 0, 3], "int32"),
        out=(2, 3),
        made=options("GatherOptions", axis=1),
    ),
    "top": Single(
        "TOPK_V2",
        [numbers(1, 9), constant(3, "int32")],
        [numbers(1, 3), Value((1, 3), "int32")],
        options("TopKV2Options"),
    ),
}

#: The interpreter takes these from the mathematical library of its machine; the C code has those of glibc.
FUNCTIONS = {
    name.lower(): floats(name, numbers(1, 8), out=(1, 8)) for name in ("EXP", "LOG", "SIN", "COS", "LOGISTIC")
}
#: The C code computes this one in double. The one of glibc is wrong by up to two bits.
TANGENT = {"tanh": floats("TANH", numbers(1, 8), out=(1, 8))}


def rows(value, seed):
    """Rows of an input: usual numbers, great and small ones, those that tie, and no numbers."""
    rng = np.random.default_rng(seed)
    shape = (ROWS, *value.shape[1:]) if value.shape[:1] == (1,) else (ROWS, *value.shape)
    if value.dtype in ("int8", "int16"):
        limits = np.iinfo(value.dtype)
        return rng.integers(limits.min, limits.max, shape, value.dtype, endpoint=True)
    values = rng.normal(size=shape) * np.exp(3 * rng.normal(size=(ROWS,) + (1,) * (len(shape) - 1)))
    odd = np.array([0.0, -0.0, 0.025, -0.125, 0.5, 3e38, -3e38, 1e12, 1e-42, np.inf, -np.inf, np.nan])
    return np.where(rng.random(shape) < 0.03, rng.choice(odd, shape), values).astype("float32")


def different_rows(graphs, folder):
    """The number of rows with other answers, of `ROWS`, by graph."""
    content = write_model(graphs)
    names = {name: [f"z{i}" for i in range(len(one.outputs))] for name, one in graphs.items()}
    program, _ = build(content, names, folder)
    model = ReferenceModel(content)
    found = {}
    for number, (name, one) in enumerate(graphs.items()):
        given = [value for value in one.inputs if value is not None and value.data is None]
        sent = {f"x{i}": rows(value, 10 * number + i) for i, value in enumerate(given)}
        if name in ("dense_mixed", "top"):
            # They get finite numbers: those of int8, and shares.
            sent["x0"] = np.where(np.abs(sent["x0"]) < 1e30, sent["x0"], np.float32(0.5))
        runner = model._interpreter.get_signature_runner(name)
        expected = {key: [] for key in names[name]}
        for row in range(ROWS):
            shaped = {
                key: part[row].reshape(value.shape)
                for (key, part), value in zip(sent.items(), given, strict=True)
            }
            for key, answer in runner(**shaped).items():
                expected[key].append(np.array(answer).ravel())
        (folder / "rows").write_bytes(packed(list(sent.values())))
        subprocess.run([program, name, folder / "rows", folder / "answers"], check=True)
        got = np.frombuffer((folder / "answers").read_bytes(), "uint8").reshape(ROWS, -1)
        odd, start = np.zeros(ROWS, bool), 0
        for key in names[name]:
            wanted = np.stack(expected[key])
            size = wanted[0].nbytes
            part = np.ascontiguousarray(got[:, start : start + size]).view(wanted.dtype)
            start += size
            bits = f"uint{8 * wanted.itemsize}"
            same = part.view(bits) == wanted.view(bits)
            if wanted.dtype == "float32":
                same |= np.isnan(part) & np.isnan(wanted)
                if name in TANGENT:
                    with np.errstate(invalid="ignore"):
                        same |= np.abs(part - wanted) <= 3 * np.spacing(np.abs(wanted))
            odd |= ~same.all(axis=1)
        found[name] = int(odd.sum())
    return found


def test_kernels_answer_to_the_bit(tmp_path):
    assert different_rows(KERNELS, tmp_path) == dict.fromkeys(KERNELS, 0)


def test_plain_operators_answer_to_the_bit(tmp_path):
    assert different_rows(PLAIN, tmp_path) == dict.fromkeys(PLAIN, 0)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs the mathematical library of glibc")
def test_functions_answer_to_the_bit(tmp_path):
    """For a few of all float32 numbers glibc has other bits on processors that fuse products with sums."""
    assert different_rows(FUNCTIONS, tmp_path) == dict.fromkeys(FUNCTIONS, 0)


def test_a_tangent_differs_in_the_last_bits_at_most(tmp_path):
    assert different_rows(TANGENT, tmp_path) == dict.fromkeys(TANGENT, 0)


def test_an_operation_that_c_lacks_is_named():
    assert "CUMSUM" not in operators()
    content = write_model({"sums": floats("CUMSUM", numbers(1, 4), constant(1, "int32"), out=(1, 4))})
    with pytest.raises(ExportError, match="operations that the C code has, received CUMSUM"):
        compile_graphs(content, {"sums": ["z0"]})
