"""Functions of one number, in float32; the hyperbolic tangent also in int16."""

import math

from kerasae.export.formats.c99._graph import Operation
from kerasae.export.formats.c99._source import Source, literal
from kerasae.export.formats.c99.operators._logistic import LOGISTIC
from kerasae.export.formats.c99.operators._loops import Operator, entrywise, loop


def _leaky_relu(operation: Operation, source: Source) -> str:
    slope = literal(operation.options.alpha)
    return entrywise(f"{{a}} > 0.0f ? {{a}} : {{a}} * {slope}")(operation, source)


def _tanh(operation: Operation, source: Source) -> str:
    given = operation.input(0)
    if given.dtype != "int16":
        return entrywise("{call:tangent power}({a})")(operation, source)
    assert given.scale is not None
    multiplier, shift = _scaling(float(given.scale[0]))
    call = f"{source.call('tangent_int16')}(a[i], {multiplier}, {shift}, table)"
    return source.block(operation, loop(given.size, f"y[i] = {call};"), a=given, table=LOGISTIC)


def _scaling(scale: float) -> tuple[int, int]:
    """Return multiplier and right shift that bring steps of int16 to steps of 1 / 12288, as TFLite does.

    A step whose logarithm is within a thousandth of -12 or -11 counts as that power of two.
    """
    power = math.log2(scale)
    if round(power) in (-12, -11) and abs(power - round(power)) < 1e-3:
        return 3 << (round(power) + 12), 0
    real, shift = scale * 4096.0 * 3.0, 0
    while real <= 32767.0 / 2.0 and shift <= 30:
        real, shift = 2.0 * real, shift + 1
    return int(real), shift


OPERATORS: dict[str, Operator] = {
    "ABS": entrywise("fabsf({a})"),
    "NEG": entrywise("-{a}"),
    "SQUARE": entrywise("{a} * {a}"),
    "SIGN": entrywise("{a} > 0.0f ? 1.0f : {a} < 0.0f ? -1.0f : {a} == 0.0f ? 0.0f : {a}"),
    "FLOOR": entrywise("floorf({a})"),
    "SQRT": entrywise("sqrtf({a})"),
    "RSQRT": entrywise("1.0f / sqrtf({a})"),
    "RELU": entrywise("{a} < 0.0f ? 0.0f : {a}"),
    "EXP": entrywise("{call:exponential}({a})"),
    "LOG": entrywise("{call:logarithm}({a})"),
    "SIN": entrywise("{call:sine}({a})"),
    "COS": entrywise("{call:cosine}({a})"),
    "TANH": _tanh,
    "ELU": entrywise("{call:elu power}({a})"),
    "LOGISTIC": entrywise("{call:logistic exponential}({a})"),
    "LEAKY_RELU": _leaky_relu,
}
