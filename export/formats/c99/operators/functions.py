"""Functions of one number, in float32."""

from kerasae.export.formats.c99._graph import Operation
from kerasae.export.formats.c99._source import Source, literal
from kerasae.export.formats.c99.operators._loops import Operator, entrywise


def _leaky_relu(operation: Operation, source: Source) -> str:
    slope = literal(operation.options.alpha)
    return entrywise(f"{{a}} > 0.0f ? {{a}} : {{a}} * {slope}")(operation, source)


OPERATORS: dict[str, Operator] = {
    "ABS": entrywise("fabsf({a})"),
    "NEG": entrywise("-{a}"),
    "SQUARE": entrywise("{a} * {a}"),
    "SIGN": entrywise("{a} > 0.0f ? 1.0f : {a} < 0.0f ? -1.0f : {a} == 0.0f ? 0.0f : {a}"),
    "FLOOR": entrywise("floorf({a})"),
    "SQRT": entrywise("sqrtf({a})"),
    "RSQRT": entrywise("1.0f / sqrtf({a})"),
    "RELU": entrywise("{a} < 0.0f ? 0.0f : {a}"),
    "EXP": entrywise("{call:exponential power}({a})"),
    "LOG": entrywise("{call:logarithm}({a})"),
    "SIN": entrywise("{call:sine}({a})"),
    "COS": entrywise("{call:cosine}({a})"),
    "TANH": entrywise("{call:tangent power}({a})"),
    "ELU": entrywise("{call:elu power}({a})"),
    "LOGISTIC": entrywise("{call:logistic exponential power}({a})"),
    "LEAKY_RELU": _leaky_relu,
}
