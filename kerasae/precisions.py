"""The precisions in which a file for devices can store its weights."""

from typing import Literal, get_args

#: Precision of a file. `float32` and `float16` store weights as floating-point numbers. `dynamic` and `int8`
#: store them as integers of 8 bits; `int8` also computes in integers, `dynamic` only in part.
Precision = Literal["float32", "float16", "dynamic", "int8"]

#: All precisions, from the largest file to the smallest. Options, checks and help texts are made from them.
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

#: Bytes of one weight in each precision.
BYTES: dict[Precision, int] = {"float32": 4, "float16": 2, "dynamic": 1, "int8": 1}


def check_precision(precision: str, name: str = "precision") -> Precision:
    """Return a precision.

    Args:
        precision: Precision that a user named.
        name: Name of the argument, for the error message. Defaults to `precision`.

    Raises:
        ValueError: If there is no such precision.
    """
    for known in PRECISIONS:
        if precision == known:
            return known
    raise ValueError(f"`{name}` must be one of {', '.join(PRECISIONS)}, received {precision!r}.")
