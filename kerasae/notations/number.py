"""Number: numbers with marks around them, between thousands and before decimals."""

import dataclasses
import re
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kerasae.notations._base import Notation, null_unless
from kerasae.notations._number_shapes import EXPONENT, MINUS

_PLAIN = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
#: A sign before the digits, with at most a currency sign between them, or brackets around them.
_LOOSE_NEGATIVE = f"^[^0-9]*[{MINUS}][^0-9A-Za-z]{{0,2}}[0-9]|[(][^0-9A-Za-z]*[0-9].*[)]"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Number(Notation):
    """Numbers with something around them, such as $1,234.50, (1,234), 12 kg or 1,5E+03.

    Args:
        positive: Template of a number that is not negative, with `{}` for the digits. Defaults to "{}".
        negative: Template of a negative number. Defaults to "-{}".
        thousands: Mark between groups of three digits. Defaults to an empty text, for none.
        decimal: Mark before the decimals, `"."` or `","`. Defaults to ".".
        places: Greatest number of decimals that is written. Defaults to `None`, for as many as needed.
        fixed: Whether all entries have `places` decimals. Defaults to `False`.
        exponent: Notation of a power of ten after the digits, such as `"E+00"` for 1,5E+03 and `"e0"` for
            1,5e3. Exponents are always read. Defaults to an empty text, which writes none.
        loose: Whether any text may stand around the digits. Such text is not restored. Defaults to `False`.
    """

    kind: ClassVar[str] = "number"

    positive: str = "{}"
    negative: str = "-{}"
    thousands: str = ""
    decimal: str = "."
    places: int | None = None
    fixed: bool = False
    exponent: str = ""
    loose: bool = False

    @property
    def dressed(self) -> bool:
        return self.loose or (self.positive, self.negative, self.thousands, self.decimal) != (
            "{}",
            "-{}",
            "",
            ".",
        )

    @property
    def missing_numbers(self) -> tuple[float, ...]:
        if not self.missing:
            return ()
        # `_parse` does not apply `missing`, by which these numbers would be missing.
        texts = pa.chunked_array([pa.array(self.missing, pa.string())])
        found = self._parse(texts).to_pylist() + Number()._parse(texts).to_pylist()
        return tuple(sorted({float(value) for value in found if value is not None}))

    def parse(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        values = super().parse(texts)
        if not self.missing_numbers:
            return values
        # If -200 stands for a missing entry, -200.0 does too.
        gone = pc.is_in(pc.cast(values, pa.float64()), pa.array(self.missing_numbers))
        return pc.if_else(gone, pa.scalar(None, values.type), values)

    def _parse(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        if not self.dressed:
            return _cast(texts)
        if self.loose:
            return self._parse_loose(texts)
        positive, below = (
            _digits_of(texts, f"^{sign}{re.escape(before)}{self._body}{re.escape(after)}$")
            for sign, (before, after) in (
                ("[+]?", self.positive.split("{}")),
                ("", self.negative.split("{}")),
            )
        )
        return self._value(pc.coalesce(positive, below), pc.is_null(positive))

    def _parse_loose(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        """Read entries that hold one number, with any text around it, and plain numbers with an exponent."""
        body = _digits_of(texts, f"^[^0-9]*{self._body}[^0-9]*$")
        values = self._value(body, pc.match_substring_regex(texts, _LOOSE_NEGATIVE)).cast(pa.float64())
        if self.decimal != ".":
            return values
        # .5 is not 5.
        plain = null_unless(pc.match_substring_regex(texts, _PLAIN), texts)
        return pc.coalesce(plain.cast(pa.float64()), values)

    def _value(self, body: pa.ChunkedArray, negative: pa.ChunkedArray) -> pa.ChunkedArray:
        if self.thousands:
            body = pc.replace_substring(body, self.thousands, "")
        if self.decimal != ".":
            body = pc.replace_substring(body, self.decimal, ".")
        body = pc.replace_substring_regex(body, f"[{MINUS}]", "-")
        return _cast(pc.binary_join_element_wise(pc.if_else(negative, "-", ""), body, ""))

    @property
    def _body(self) -> str:
        mark, point = re.escape(self.thousands), re.escape(self.decimal)
        whole = f"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]+)" if mark else "[0-9]+"
        return f"(?P<body>{whole}(?:{point}[0-9]+)?(?:{EXPONENT})?)"

    def _text(self, value: Any) -> str:
        digits = self._digits(value)
        negative = digits.startswith("-")
        digits, _, power = digits.lstrip("-").partition("e")
        whole, point, fraction = digits.partition(".")
        if self.thousands:
            first = len(whole) % 3
            groups = [whole[:first]] * bool(first) + [whole[i : i + 3] for i in range(first, len(whole), 3)]
            whole = self.thousands.join(groups)
        body = whole + (self.decimal if point else "") + fraction + (self._power(int(power)) if power else "")
        return (self.negative if negative else self.positive).replace("{}", body)

    def _digits(self, value: Any) -> str:
        """Return a value with a decimal point and the decimals that are written. Zero has no sign."""
        if isinstance(value, int | np.integer) and not self.fixed and not self.exponent:
            return str(value)
        power = ""
        if self.places is None:
            digits = np.format_float_positional(float(value), trim="-")
        else:
            digits, e, power = f"{value:.{self.places}{'e' if self.exponent else 'f'}}".partition("e")
            power = e + power
            if not self.fixed and "." in digits:
                digits = digits.rstrip("0").rstrip(".")
        return (digits if digits.strip("-0.") else digits.lstrip("-")) + power

    def _power(self, power: int) -> str:
        """Return a power of ten in the notation of `exponent`."""
        letter, width = self.exponent[0], self.exponent.count("0")
        sign = "-" if power < 0 else "+" if "+" in self.exponent else ""
        return f"{letter}{sign}{abs(power):0{width}}"

    def words(self) -> str:
        if not self.dressed:
            return ""
        if self.loose:
            return "numbers with anything around them"
        shown = self._text(1234.5 if self.places != 0 else 1234)
        return f"as {shown}"


def _digits_of(texts: pa.ChunkedArray, regex: str) -> pa.ChunkedArray:
    return pc.struct_field(pc.extract_regex(texts, regex), "body")


def _cast(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return plain numbers as int64 if all of them are whole, otherwise as double, with null for others."""
    for kind in (pa.int64(), pa.float64()):
        try:
            return texts.cast(kind)
        except pa.ArrowInvalid:
            continue
    return null_unless(pc.match_substring_regex(texts, _PLAIN), texts).cast(pa.float64())
