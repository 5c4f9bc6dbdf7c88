"""Number: what stands around a number, between its thousands and before its decimals."""

import dataclasses
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kerasae.notations._base import Notation, null_unless

_PLAIN = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
#: Spaces between thousands: plain, no-break, narrow no-break, thin.
_SPACES = " \u00a0\u202f\u2009"
_THOUSANDS = (",", ".", "'", "\u2019", *_SPACES)
#: Signs of a negative number: ASCII, the true one, and the dash that stands in for it.
_MINUS = "-\u2212\u2013"
#: A power of ten behind the digits.
_EXPONENT = f"[eE][+{_MINUS}]?[0-9]+"
#: Currencies by the letters that are written before or behind a number (ISO 4217, and usual short forms).
_CURRENCIES = frozenset(
    (
        *("AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "INR", "JPY", "KRW"),
        *("MXN", "NOK", "NZD", "PLN", "RUB", "SEK", "SGD", "THB", "TRY", "USD", "ZAR"),
        *("Fr", "Fr.", "kr", "kr.", "Rs", "Rs.", "Kč", "zł", "lei", "Ft"),
    )
)
#: Units of one letter that may stand right behind a number.
_LETTERS = frozenset("gmshlLWVx")
#: A sign before the digits, with at most a currency between, or brackets around them.
_LOOSE_NEGATIVE = f"^[^0-9]*[{_MINUS}][^0-9A-Za-z]{{0,2}}[0-9]|[(][^0-9A-Za-z]*[0-9].*[)]"
#: What makes a number a bound or an estimate: a mark or words before it, a plus right behind it, or words.
_BOUND = re.compile(
    r"(?i)^(?:[<>]=?|=[<>]|[\u2264\u2265\u2a7d\u2a7e\u2266\u2267~\u2248]"
    r"|(?:(?:less|more|greater) than|over|under|up to|at least|at most|about)\b)\s*(?=.*9)"
    r"|(?<=9)\s*\+(?!\s*9)"
    r"|\s+(?:or|and) (?:more|less|over|under|above|below|older|younger)$"
)
#: Different shapes of entries above which a column holds something else.
_MOST_SHAPES = 500


@dataclasses.dataclass(frozen=True, kw_only=True)
class Number(Notation):
    """Numbers with something around them, such as $1,234.50, (1,234), 12 kg or 1,5E+03.

    Args:
        positive: what is written for a number that is not negative, with `{}` for the digits.
        negative: the same for a negative one.
        thousands: the mark between groups of three digits; empty for none.
        decimal: the mark before the decimals, `"."` or `","`.
        places: greatest number of decimals that is written; `None` for as many as it takes.
        fixed: whether all entries have `places` decimals.
        exponent: How the power of ten is written that stands behind the digits, such as `"E+00"` for 1,5E+03
            and `"e0"` for 1,5e3. Empty for none; one is read in any case. Defaults to none.
        loose: whether anything may stand around the digits; it is lost on the way back.
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
        # Read without `missing` itself, for which -200 is missing.
        texts = pa.chunked_array([pa.array(self.missing, pa.string())])
        found = self._parse(texts).to_pylist() + Number()._parse(texts).to_pylist()
        return tuple(sorted({float(value) for value in found if value is not None}))

    def parse(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        values = super().parse(texts)
        if not self.missing_numbers:
            return values
        # -200 declared is -200.0 too.
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
        """What holds one number, whatever stands around it; a plain number with an exponent too."""
        body = _digits_of(texts, f"^[^0-9]*{self._body}[^0-9]*$")
        values = self._value(body, pc.match_substring_regex(texts, _LOOSE_NEGATIVE)).cast(pa.float64())
        if self.decimal != ".":
            return values
        # .5 is no 5.
        plain = null_unless(pc.match_substring_regex(texts, _PLAIN), texts)
        return pc.coalesce(plain.cast(pa.float64()), values)

    def _value(self, body: pa.ChunkedArray, negative: pa.ChunkedArray) -> pa.ChunkedArray:
        if self.thousands:
            body = pc.replace_substring(body, self.thousands, "")
        if self.decimal != ".":
            body = pc.replace_substring(body, self.decimal, ".")
        body = pc.replace_substring_regex(body, f"[{_MINUS}]", "-")
        return _cast(pc.binary_join_element_wise(pc.if_else(negative, "-", ""), body, ""))

    @property
    def _body(self) -> str:
        mark, point = re.escape(self.thousands), re.escape(self.decimal)
        whole = f"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]+)" if mark else "[0-9]+"
        return f"(?P<body>{whole}(?:{point}[0-9]+)?(?:{_EXPONENT})?)"

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
        """A value with a point, as many decimals as are written, and no negative zero."""
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
        """A power of ten as `exponent` has it."""
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
    """Plain numbers as int64 where all of them are, otherwise as double; null for what is none."""
    for kind in (pa.int64(), pa.float64()):
        try:
            return texts.cast(kind)
        except pa.ArrowInvalid:
            continue
    return null_unless(pc.match_substring_regex(texts, _PLAIN), texts).cast(pa.float64())


@dataclasses.dataclass(frozen=True)
class Found:
    """What a column of numbers may be.

    Args:
        number: the reading, or `None` where the entries are no numbers of one writing.
        mark: the decimal mark that the entries prove, or an empty string where they do not.
        ambiguous: an entry that may have thousands or decimals; empty where the reading is certain.
    """

    number: Number | None
    mark: str = ""
    ambiguous: str = ""


class NumberFinder:
    """Collects how the entries of a column are written, in any order.

    An entry counts by its shape, which has a 9 for each digit: `$9,999.99`.
    """

    def __init__(self) -> None:
        self._shapes: Counter[str] = Counter()
        self._examples: dict[str, str] = {}
        self._codes = self._zero_led = self._round = self._closed = False

    @property
    def codes(self) -> bool:
        """Whether some entries begin with a zero as codes do."""
        return self._codes

    @property
    def commas(self) -> bool:
        """Whether entries that are numbers have commas."""
        return any("," in shape and _is_number(shape) for shape in self._shapes)

    @property
    def digits(self) -> int:
        """Digits of the longest entry."""
        return max((shape.count("9") for shape in self._shapes), default=0)

    def see(self, texts: pa.ChunkedArray) -> None:
        """Take note of entries, without missing ones."""
        if self._closed or not len(texts):
            return
        shapes = pc.replace_substring_regex(texts, "[0-9]", "9").combine_chunks()
        counted = pc.value_counts(shapes)
        if len(counted) + len(self._shapes) > 2 * _MOST_SHAPES:
            self._closed = True
            return
        for one in counted.to_pylist():
            shape = one["values"]
            self._shapes[shape] += one["counts"]
            if shape not in self._examples:
                self._examples[shape] = texts[pc.index(shapes, shape).as_py()].as_py()
        self._closed = len(self._shapes) > _MOST_SHAPES
        # 007 is a code, not a number; the exponent of 1e007 is none.
        texts = pc.replace_substring_regex(texts, f"([0-9]){_EXPONENT}", r"\1")
        self._codes |= _any(texts, f"(?:^|[^0-9.,'\u2019{_SPACES}]|[^0-9][{_SPACES}])0[0-9]")
        self._zero_led |= _any(texts, "(?:^|[^0-9])0[.,]")
        self._round |= _any(texts, "[.,][0-9][0-9]0(?:[^0-9.,]|$)")

    def share(self, bounds: bool = False) -> float:
        """Share of the entries that are numbers of some writing.

        Args:
            bounds: whether bounds such as < 5 and 10+ years count as numbers.
        """
        if self._closed or not self._shapes:
            return 0.0
        read = sum(
            count
            for shape, count in self._shapes.items()
            if _is_number(shape) or (bounds and _is_bound(shape))
        )
        return read / self._shapes.total()

    def bound(self) -> str | None:
        """The most frequent entry that is a bound, such as < 5; `None` where there is none."""
        found = [shape for shape in self._shapes if _is_bound(shape)]
        return self._examples[min(found, key=lambda one: (-self._shapes[one], one))] if found else None

    def examples(self) -> list[str]:
        """An entry of each way of writing, the most frequent first."""
        found: dict[str, str] = {}
        for shape, _ in sorted(self._shapes.items(), key=lambda one: (-one[1], one[0])):
            parts = _template(shape)
            found.setdefault(shape if parts is None else parts[0], self._examples[shape])
        return list(found.values())

    def no_number(self) -> str | None:
        """An entry that is a number of no writing; `None` where there is none."""
        odd = [shape for shape in self._shapes if not _is_number(shape) and not _is_bound(shape)]
        return self._examples[min(odd)] if odd else None

    def found(self, mark: str = "") -> Found:
        """The one reading of all entries.

        Args:
            mark: the decimal mark, where the user or other columns of the file say it.
        """
        parts = [_template(shape) for shape in self._shapes]
        if self._closed or self._codes or not parts:
            return Found(None)
        known = [part for part in parts if part is not None]
        templates = _templates({template for template, _ in known})
        if len(known) < len(parts) or templates is None:
            return Found(None)
        return self._reading([body for _, body in known], mark, *templates)

    def loose(self, mark: str = "") -> Number:
        """A reading of whatever holds one number, for a column that the user calls one of numbers."""
        bodies = [match[0] for shape in self._shapes if len(match := re.findall(_BODY, shape)) == 1]
        found = self._reading(bodies, mark, "{}", "-{}") if bodies else Found(None)
        number = found.number or Number(decimal=mark or ".")
        return dataclasses.replace(number, loose=True)

    def _reading(self, bodies: list[str], mark: str, positive: str, negative: str) -> Found:
        mantissas, powers = zip(*(_parted(body) for body in bodies), strict=True)
        used = {character for body in mantissas for character in body} - {"9"}
        fitting = [
            (thousands, decimal)
            for decimal in (".", ",")
            for thousands in ("", *_THOUSANDS)
            if thousands != decimal
            and used <= {thousands, decimal}
            and (thousands in used or not thousands)
            and all(
                # 1,500E+03 has no thousands.
                re.fullmatch(_shape_regex("" if power else thousands, decimal), body)
                for body, power in zip(mantissas, powers, strict=True)
            )
        ]
        if self._zero_led:
            # 0,123 has no thousands.
            fitting = [pair for pair in fitting if pair[0] not in (".", ",") or pair[1] in used]
        proven = {decimal for thousands, decimal in fitting if decimal in used or thousands in (".", ",")}
        if mark and any(decimal == mark for _, decimal in fitting):
            fitting = [pair for pair in fitting if pair[1] == mark]
        sure = len(proven) == 1
        ambiguous = ""
        for comma, other in (",.", ".,"):
            if not {("", comma), (comma, other)} <= {*fitting}:
                continue
            bare = [body for body in mantissas if comma not in body]
            small = comma == "," and bool(bare) and all(len(body) <= 3 for body in bare)
            if (small and (self._round or any(len(body) > 1 for body in bare))) or "(" in negative:
                # 2,308 beside 257, or 2,300 beside 5: decimals would not come in threes alone. And brackets
                # are how accountants write, who write thousands. Programs write 2.308 beside 257.
                fitting = [(comma, other)]
            else:
                shape = next(shape for shape in sorted(self._shapes) if comma in shape)
                ambiguous = self._examples[shape]
        if not fitting:
            return Found(None)
        thousands, decimal = fitting[0]
        places = {len(body.partition(decimal)[2]) for body in mantissas}
        number = Number(
            positive=positive,
            negative=negative,
            thousands=thousands,
            decimal=decimal,
            places=max(places),
            fixed=len(places) == 1 and max(places) > 0,
        )
        if any(powers):
            alike = all(
                power and re.fullmatch("9[.,]?9*", body)
                for body, power in zip(mantissas, powers, strict=True)
            )
            exponent = _exponent(powers) if alike else ""
            # What is not written alike is written with as many decimals as it takes.
            number = dataclasses.replace(
                number,
                exponent=exponent,
                places=number.places if exponent else None,
                fixed=number.fixed and bool(exponent),
            )
        return Found(number, proven.pop() if sure else "", ambiguous)


_BODY = f"9(?:[9.,'\u2019{_SPACES}]*9)?(?:[eE][+{_MINUS}]?9+)?"


def _parted(body: str) -> tuple[str, str]:
    """The digits of a shape, and the power of ten behind them; empty for none."""
    place = max(body.find("e"), body.find("E"))
    return (body, "") if place < 0 else (body[:place], body[place:])


def _exponent(powers: Iterable[str]) -> str:
    """The writing of powers of ten, from their shapes; empty where they are not written alike."""
    letters = {power[0] for power in powers}
    signs = {power.strip("eE9") for power in powers}
    width = min(power.count("9") for power in powers)
    if len(letters) > 1 or {"", "+"} <= signs:
        return ""
    # Programs that write E-05 write E+05.
    plus = "+" in signs or (width > 1 and "" not in signs)
    return letters.pop() + "+" * plus + "0" * width


def _shape_regex(thousands: str, decimal: str) -> str:
    mark = re.escape(thousands)
    whole = f"(?:9{{1,3}}(?:{mark}9{{3}})+|9+)" if thousands else "9+"
    return f"{whole}(?:{re.escape(decimal)}9+)?"


_ANY_BODY = "|".join(
    _shape_regex(thousands, decimal)
    for decimal in (".", ",")
    for thousands in ("", *_THOUSANDS)
    if thousands != decimal
)
_ANY_PLAIN = "|".join(_shape_regex("", decimal) for decimal in (".", ","))


def _is_number(shape: str) -> bool:
    """Whether an entry of a shape is a number: 9.9.9999 is a day, or an address."""
    parts = _template(shape)
    if parts is None:
        return False
    digits, power = _parted(parts[1])
    return re.fullmatch(_ANY_PLAIN if power else _ANY_BODY, digits) is not None


def _is_bound(shape: str) -> bool:
    """Whether an entry of a shape is a number that a mark or words make a bound: < 9, 99+, at least 9 kg."""
    bare, marks = _BOUND.subn("", shape)
    return marks == 1 and _is_number(bare)


def _template(shape: str) -> tuple[str, str] | None:
    """A shape as what stands around its digits, with `{}` for them, and the digits; `None` for no number."""
    match = re.fullmatch(f"([^9]*)({_BODY})([^9]*)", shape)
    if match is None or "{" in shape or "}" in shape:
        return None
    before, body, after = match.groups()
    plain = _without_sign(before, after)
    if plain is None or not _before(plain[0]) or not _after(plain[1]):
        return None
    return f"{before}{{}}{after}", body


def _without_sign(before: str, after: str) -> tuple[str, str] | None:
    """What stands around the digits without the mark of a negative number; `None` where there are two."""
    signs = [character for character in before + after if character in _MINUS + "+"]
    if "(" in before and after.endswith(")") and not signs:
        return before.replace("(", "", 1), after[:-1]
    if len(signs) > 1 or "(" in before or ")" in after:
        return None
    # A plus behind a number makes a bound of it.
    if signs and signs[0] != "+" and after.endswith(signs[0]):
        return before, after[:-1]
    return (before.replace(signs[0], "", 1), after) if signs and signs[0] in before else (before, after)


def _templates(found: set[str]) -> tuple[str, str] | None:
    """The template of positive and that of negative numbers, or `None` where there are more."""
    plain = {template: "{}".join(_without_sign(*template.split("{}")) or ()) for template in found}
    if len({*plain.values()}) != 1:
        return None
    positive = next(iter(plain.values()))
    negatives = sorted(t for t in found if t != positive and "+" not in t)
    if len(negatives) > 1:
        return None
    return positive, negatives[0] if negatives else f"-{positive}"


def _before(text: str) -> bool:
    text = text.rstrip(_SPACES) if len(text) - len(text.rstrip(_SPACES)) <= 1 else text
    return not text or _is_currency(text)


def _after(text: str) -> bool:
    bare = text.lstrip(_SPACES)
    if len(text) - len(bare) > 1:
        return False
    if not bare or bare in ("%", "\u2030", "\u00b0", "\u00b0C", "\u00b0F") or _is_currency(bare):
        return True
    if len(bare) == 1 and bare == text:
        return bare in _LETTERS
    # A unit: kg, km/h, months, sq ft.
    return (
        len(bare) <= 20 and re.fullmatch(r"[^\W\d_](?:[^\W\d_]|[ /\u00b2\u00b3\u00b7.^])*", bare) is not None
    )


def _is_currency(text: str) -> bool:
    letters, last = text[:-1], text[-1]
    sign = unicodedata.category(last) == "Sc" and (not letters or letters.isupper())
    return sign or text in _CURRENCIES


def _any(texts: pa.ChunkedArray, regex: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, regex)).as_py())
