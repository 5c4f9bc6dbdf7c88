"""Shapes of numbers: entries with a 9 for each digit, such as `$9,999.99`, and their parts."""

import re
import unicodedata

#: Spaces that separate thousands: plain, no-break, narrow no-break, thin.
SPACES = " \u00a0\u202f\u2009"
THOUSANDS = (",", ".", "'", "\u2019", *SPACES)
#: Signs of a negative number: the ASCII hyphen, the minus sign and the en dash.
MINUS = "-\u2212\u2013"
#: A power of ten after the digits.
EXPONENT = f"[eE][+{MINUS}]?[0-9]+"
#: Letters of currencies before or after a number (ISO 4217, and usual short forms).
_CURRENCIES = frozenset(
    (
        *("AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "INR", "JPY", "KRW"),
        *("MXN", "NOK", "NZD", "PLN", "RUB", "SEK", "SGD", "THB", "TRY", "USD", "ZAR"),
        *("Fr", "Fr.", "kr", "kr.", "Rs", "Rs.", "Kč", "zł", "lei", "Ft"),
    )
)
#: Units of one letter that may follow a number without a space.
_LETTERS = frozenset("gmshlLWVx")
#: Signs of a bound or an estimate: a mark or words before the number, a plus or words after it.
_BOUND = re.compile(
    r"(?i)^(?:[<>]=?|=[<>]|[\u2264\u2265\u2a7d\u2a7e\u2266\u2267~\u2248]"
    r"|(?:(?:less|more|greater) than|over|under|up to|at least|at most|about)\b)\s*(?=.*9)"
    r"|(?<=9)\s*\+(?!\s*9)"
    r"|\s+(?:or|and) (?:more|less|over|under|above|below|older|younger)$"
)
BODY = f"9(?:[9.,'\u2019{SPACES}]*9)?(?:[eE][+{MINUS}]?9+)?"


def is_number(shape: str) -> bool:
    """Return whether a shape is that of a number. 9.9.9999 is a day or an address."""
    parts = template_of(shape)
    if parts is None:
        return False
    digits, power = split_power(parts[1])
    return re.fullmatch(_ANY_PLAIN if power else _ANY_BODY, digits) is not None


def is_bound(shape: str) -> bool:
    """Return whether a shape is that of a bound or an estimate: < 9, 99+, at least 9 kg."""
    bare, marks = _BOUND.subn("", shape)
    return marks == 1 and is_number(bare)


def split_power(body: str) -> tuple[str, str]:
    """Split a shape into its digits and the power of ten after them, which may be empty."""
    place = max(body.find("e"), body.find("E"))
    return (body, "") if place < 0 else (body[:place], body[place:])


def template_of(shape: str) -> tuple[str, str] | None:
    """Return the template of a shape, with `{}` for the digits, and the digits; `None` for no number."""
    match = re.fullmatch(f"([^9]*)({BODY})([^9]*)", shape)
    if match is None or "{" in shape or "}" in shape:
        return None
    before, body, after = match.groups()
    plain = _without_sign(before, after)
    if plain is None or not _before(plain[0]) or not _after(plain[1]):
        return None
    return f"{before}{{}}{after}", body


def _without_sign(before: str, after: str) -> tuple[str, str] | None:
    """Remove the sign of a negative number from the text around its digits; `None` if it has two signs."""
    signs = [character for character in before + after if character in MINUS + "+"]
    if "(" in before and after.endswith(")") and not signs:
        return before.replace("(", "", 1), after[:-1]
    if len(signs) > 1 or "(" in before or ")" in after:
        return None
    # A plus after a number makes it a bound.
    if signs and signs[0] != "+" and after.endswith(signs[0]):
        return before, after[:-1]
    return (before.replace(signs[0], "", 1), after) if signs and signs[0] in before else (before, after)


def templates_of(templates: set[str]) -> tuple[str, str] | None:
    """Return the templates of positive and of negative numbers, or `None` if there are more than two."""
    plain = {template: "{}".join(_without_sign(*template.split("{}")) or ()) for template in templates}
    if len({*plain.values()}) != 1:
        return None
    positive = next(iter(plain.values()))
    negatives = sorted(t for t in templates if t != positive and "+" not in t)
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
