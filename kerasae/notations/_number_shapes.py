"""Shapes of numbers: entries with a 9 for each digit, such as `$9,999.99`, taken apart."""

import re
import unicodedata

#: Spaces between thousands: plain, no-break, narrow no-break, thin.
SPACES = " \u00a0\u202f\u2009"
THOUSANDS = (",", ".", "'", "\u2019", *SPACES)
#: Signs of a negative number: ASCII, the true one, and the dash that stands in for it.
MINUS = "-\u2212\u2013"
#: A power of ten behind the digits.
EXPONENT = f"[eE][+{MINUS}]?[0-9]+"
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
#: What makes a number a bound or an estimate: a mark or words before it, a plus right behind it, or words.
_BOUND = re.compile(
    r"(?i)^(?:[<>]=?|=[<>]|[\u2264\u2265\u2a7d\u2a7e\u2266\u2267~\u2248]"
    r"|(?:(?:less|more|greater) than|over|under|up to|at least|at most|about)\b)\s*(?=.*9)"
    r"|(?<=9)\s*\+(?!\s*9)"
    r"|\s+(?:or|and) (?:more|less|over|under|above|below|older|younger)$"
)
BODY = f"9(?:[9.,'\u2019{SPACES}]*9)?(?:[eE][+{MINUS}]?9+)?"


def is_number(shape: str) -> bool:
    """Whether an entry of a shape is a number: 9.9.9999 is a day, or an address."""
    parts = template_of(shape)
    if parts is None:
        return False
    digits, power = split_power(parts[1])
    return re.fullmatch(_ANY_PLAIN if power else _ANY_BODY, digits) is not None


def is_bound(shape: str) -> bool:
    """Whether an entry of a shape is a number that a mark or words make a bound: < 9, 99+, at least 9 kg."""
    bare, marks = _BOUND.subn("", shape)
    return marks == 1 and is_number(bare)


def split_power(body: str) -> tuple[str, str]:
    """The digits of a shape, and the power of ten behind them; empty for none."""
    place = max(body.find("e"), body.find("E"))
    return (body, "") if place < 0 else (body[:place], body[place:])


def template_of(shape: str) -> tuple[str, str] | None:
    """A shape as what stands around its digits, with `{}` for them, and the digits; `None` for no number."""
    match = re.fullmatch(f"([^9]*)({BODY})([^9]*)", shape)
    if match is None or "{" in shape or "}" in shape:
        return None
    before, body, after = match.groups()
    plain = _without_sign(before, after)
    if plain is None or not _before(plain[0]) or not _after(plain[1]):
        return None
    return f"{before}{{}}{after}", body


def _without_sign(before: str, after: str) -> tuple[str, str] | None:
    """What stands around the digits without the mark of a negative number; `None` where there are two."""
    signs = [character for character in before + after if character in MINUS + "+"]
    if "(" in before and after.endswith(")") and not signs:
        return before.replace("(", "", 1), after[:-1]
    if len(signs) > 1 or "(" in before or ")" in after:
        return None
    # A plus behind a number makes a bound of it.
    if signs and signs[0] != "+" and after.endswith(signs[0]):
        return before, after[:-1]
    return (before.replace(signs[0], "", 1), after) if signs and signs[0] in before else (before, after)


def templates_of(found: set[str]) -> tuple[str, str] | None:
    """The template of positive and that of negative numbers, or `None` where there are more."""
    plain = {template: "{}".join(_without_sign(*template.split("{}")) or ()) for template in found}
    if len({*plain.values()}) != 1:
        return None
    positive = next(iter(plain.values()))
    negatives = sorted(t for t in found if t != positive and "+" not in t)
    if len(negatives) > 1:
        return None
    return positive, negatives[0] if negatives else f"-{positive}"


def shape_regex(thousands: str, decimal: str) -> str:
    mark = re.escape(thousands)
    whole = f"(?:9{{1,3}}(?:{mark}9{{3}})+|9+)" if thousands else "9+"
    return f"{whole}(?:{re.escape(decimal)}9+)?"


_ANY_BODY = "|".join(
    shape_regex(thousands, decimal)
    for decimal in (".", ",")
    for thousands in ("", *THOUSANDS)
    if thousands != decimal
)
_ANY_PLAIN = "|".join(shape_regex("", decimal) for decimal in (".", ","))


def _before(text: str) -> bool:
    text = text.rstrip(SPACES) if len(text) - len(text.rstrip(SPACES)) <= 1 else text
    return not text or _is_currency(text)


def _after(text: str) -> bool:
    bare = text.lstrip(SPACES)
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
