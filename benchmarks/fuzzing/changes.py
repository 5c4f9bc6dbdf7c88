"""Changes at random, of bytes and of JSON."""

import re
import struct
from collections.abc import Callable
from random import Random
from typing import Any

_BYTES = (0, 1, 9, 10, 13, 32, 34, 44, 45, 46, 48, 59, 92, 127, 128, 192, 239, 254, 255)
#: Where counts and sizes turn over.
INTEGERS = (-1, 0, 1, 2, 127, 255, 256, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1)
_NUMBERS = (
    "0",
    "-0",
    "1",
    "-1",
    "1e999",
    "-1e-999",
    "nan",
    "inf",
    "007",
    "1,5",
    "1_000",
    str(10**12),
    "9" * 400,
)
_TEXTS = (
    "",
    "\0",
    "\ufeff",
    '"',
    "''",
    "a,b;c\td",
    "\r",
    "\n\n",
    "\x85",
    "é",
    "\U0001f600",
    "../../x",
    "=1+1",
    "x" * 300,
)
_VALUES = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**30,
    "",
    "x",
    "../x",
    [],
    {},
    [None],
    {"name": None},
    [[[]]],
    "1e400",
)


def flip(data: bytes, rng: Random) -> bytes:
    """One bit turned."""
    if not data:
        return data
    place = rng.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :]


def overwrite(data: bytes, rng: Random) -> bytes:
    """A few bytes in the place of others."""
    place, count = rng.randrange(len(data) + 1), rng.choice((1, 1, 2, 4, 8))
    return data[:place] + bytes(rng.choice(_BYTES) for _ in range(count)) + data[place + count :]


def insert(data: bytes, rng: Random) -> bytes:
    """A text between two bytes."""
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice(_TEXTS).encode() + data[place:]


def delete(data: bytes, rng: Random) -> bytes:
    """Some bytes lost."""
    begin, end = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
    return data[:begin] + data[min(end, begin + rng.choice((1, 4, 64, 4096))) :]


def repeat(data: bytes, rng: Random) -> bytes:
    """Some bytes again, once or often."""
    begin = rng.randrange(len(data) + 1)
    part = data[begin : begin + rng.choice((1, 8, 64))]
    return data[:begin] + part * rng.choice((2, 3, 50)) + data[begin:]


def truncate(data: bytes, rng: Random) -> bytes:
    """The end lost."""
    return data[: rng.randrange(len(data) + 1)]


def field(data: bytes, rng: Random) -> bytes:
    """A whole number of 2, 4 or 8 bytes replaced, in either order of bytes."""
    place, code = rng.randrange(len(data) + 1), rng.choice("HIQ")
    bits = 8 * struct.calcsize(code)
    number = struct.pack(rng.choice("<>") + code, rng.choice(INTEGERS) % 2**bits)
    return data[:place] + number + data[place + len(number) :]


def number(data: bytes, rng: Random) -> bytes:
    """A number written in digits replaced."""
    found = [*re.finditer(rb"-?\d+(\.\d+)?", data[: 2**16])]
    if not found:
        return data
    begin, end = rng.choice(found).span()
    return data[:begin] + rng.choice((*_NUMBERS, str(rng.choice(INTEGERS)))).encode() + data[end:]


ANY: tuple[Callable[[bytes, Random], bytes], ...] = (
    flip,
    overwrite,
    insert,
    delete,
    repeat,
    truncate,
    field,
    number,
)


def changed(data: bytes, rng: Random) -> bytes:
    """Some of these changes, one after the other."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = rng.choice(ANY)(data, rng)
    return data


def changed_json(values: Any, rng: Random) -> Any:
    """A value of JSON with an entry replaced, lost, named otherwise or put deeper, wherever it stands."""
    if rng.random() < 0.1 or not isinstance(values, dict | list) or not values:
        return rng.choice((*_VALUES, [values], {"x": values}, *([f"{values}x", str(values)])))
    if isinstance(values, list):
        place = rng.randrange(len(values))
        return [*values[:place], changed_json(values[place], rng), *values[place + 1 :]]
    found = dict(values)
    key = rng.choice([*found])
    what = rng.random()
    if what < 0.15:
        del found[key]
    elif what < 0.25:
        found[rng.choice(("", "x", "name", f"{key} ", "seed"))] = found.pop(key)
    else:
        found[key] = changed_json(found[key], rng)
    return found
