"""NumberFinder: the notation of a column of numbers, found from all of its entries."""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from kerasae.notations._number_shapes import (
    BODY,
    EXPONENT,
    SPACES,
    THOUSANDS,
    is_bound,
    is_number,
    shape_regex,
    split_power,
    template_of,
    templates_of,
)
from kerasae.notations.number import Number

#: Number of different shapes above which a column holds something else than numbers.
_MOST_SHAPES = 500
#: Number of entries from which a few others do not decide what a column holds, and their greatest share.
ENOUGH, OTHERS = 200, 0.01


@dataclasses.dataclass(frozen=True)
class NumberReading:
    """The notation of a column of numbers, and how certain it is.

    Args:
        number: Notation, or `None` if the entries are no numbers in one notation.
        mark: Decimal mark that the entries prove. Defaults to an empty text, if they prove none.
        ambiguous: Entry with a mark that may separate thousands or decimals. Defaults to an empty text, if
            the notation is certain.
    """

    number: Number | None
    mark: str = ""
    ambiguous: str = ""


class NumberFinder:
    """Collects how the entries of a column are written, block by block in any order.

    Entries are counted by their shape, which has a 9 for each digit: `$9,999.99`.
    """

    def __init__(self) -> None:
        self._shapes: Counter[str] = Counter()
        self._examples: dict[str, str] = {}
        self._codes = self._zero_led = self._round = self._closed = False

    @property
    def codes(self) -> bool:
        """Whether some entries begin with a zero, like codes."""
        return self._codes

    @property
    def commas(self) -> bool:
        """Whether entries that are numbers have commas."""
        return any("," in shape and is_number(shape) for shape in self._shapes)

    @property
    def digits(self) -> int:
        """Number of digits of the longest entry."""
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
        # 007 is a code, not a number. The exponent of 1e007 is no code.
        texts = pc.replace_substring_regex(texts, f"([0-9]){EXPONENT}", r"\1")
        self._codes |= _any(texts, f"(?:^|[^0-9.,'\u2019{SPACES}]|[^0-9][{SPACES}])0[0-9]")
        self._zero_led |= _any(texts, "(?:^|[^0-9])0[.,]")
        self._round |= _any(texts, "[.,][0-9][0-9]0(?:[^0-9.,]|$)")

    def share(self, bounds: bool = False) -> float:
        """Return the share of the entries that are numbers, in any notation.

        Args:
            bounds: Whether bounds such as < 5 and 10+ years count as numbers. Defaults to `False`.
        """
        if self._closed or not self._shapes:
            return 0.0
        read = sum(
            count for shape, count in self._shapes.items() if is_number(shape) or (bounds and is_bound(shape))
        )
        return read / self._shapes.total()

    def bound(self) -> str | None:
        """Return the most frequent entry that is a bound, such as < 5, or `None`."""
        bounds = [shape for shape in self._shapes if is_bound(shape)]
        return self._examples[min(bounds, key=lambda one: (-self._shapes[one], one))] if bounds else None

    def examples(self) -> list[str]:
        """Return one entry in each notation, the most frequent notation first."""
        examples: dict[str, str] = {}
        for shape, _ in sorted(self._shapes.items(), key=lambda one: (-one[1], one[0])):
            parts = template_of(shape)
            examples.setdefault(shape if parts is None else parts[0], self._examples[shape])
        return list(examples.values())

    def no_number(self) -> str | None:
        """Return an entry that is a number in no notation, or `None`."""
        odd = [shape for shape in self._shapes if not is_number(shape) and not is_bound(shape)]
        return self._examples[min(odd)] if odd else None

    def found(self, mark: str = "") -> NumberReading:
        """Return the notation that reads all entries.

        Args:
            mark: Decimal mark that the user or other columns of the file show. Defaults to an empty text, if
                it is not known.
        """
        parts = [template_of(shape) for shape in self._shapes]
        if self._closed or self._codes or not parts:
            return NumberReading(None)
        known = [part for part in parts if part is not None]
        templates = templates_of({template for template, _ in known})
        if len(known) < len(parts) or templates is None:
            return NumberReading(None)
        return self._reading([body for _, body in known], mark, *templates)

    def mostly(self, mark: str = "") -> tuple[NumberReading, str]:
        """Return the notation that reads nearly all entries, and one of the others.

        The others are numbers in another notation or no numbers, such as `12%` and `n/k` in a column of plain
        numbers. There is no such notation if more than a hundredth of the entries are others, or if there are
        fewer than 200 entries.

        Args:
            mark: Decimal mark that the user or other columns of the file show. Defaults to an empty text, if
                it is not known.
        """
        none = NumberReading(None), ""
        if self._closed or self._codes or self._shapes.total() < ENOUGH:
            return none
        parts = {shape: found for shape in self._shapes if (found := template_of(shape)) and is_number(shape)}
        counts: Counter[str] = Counter()
        for shape, (template, _) in parts.items():
            counts[template] += self._shapes[shape]
        if not counts:
            return none
        usual = counts.most_common(1)[0][0]
        alike = {one for one in counts if templates_of({usual, one}) is not None}
        if (templates := templates_of(alike)) is None:
            return none
        kept = [shape for shape, (template, _) in parts.items() if template in alike]
        others = {shape: count for shape, count in self._shapes.items() if shape not in kept}
        if not others or sum(others.values()) > OTHERS * self._shapes.total():
            return none
        reading = self._reading([parts[shape][1] for shape in kept], mark, *templates)
        return reading, self._examples[max(others, key=lambda one: (others[one], one))]

    def loose(self, mark: str = "") -> Number:
        """Return a notation that reads entries with one number, for a column that the user calls numeric."""
        bodies = [match[0] for shape in self._shapes if len(match := re.findall(BODY, shape)) == 1]
        found = self._reading(bodies, mark, "{}", "-{}") if bodies else NumberReading(None)
        number = found.number or Number(decimal=mark or ".")
        return dataclasses.replace(number, loose=True)

    def _reading(self, bodies: list[str], mark: str, positive: str, negative: str) -> NumberReading:
        mantissas, powers = zip(*(split_power(body) for body in bodies), strict=True)
        used = {character for body in mantissas for character in body} - {"9"}
        fitting = [
            (thousands, decimal)
            for decimal in (".", ",")
            for thousands in ("", *THOUSANDS)
            if thousands != decimal
            and used <= {thousands, decimal}
            and (thousands in used or not thousands)
            and all(
                # 1,500E+03 has no thousands.
                re.fullmatch(shape_regex("" if power else thousands, decimal), body)
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
                # In 2,308 beside 257, or 2,300 beside 5, the comma separates thousands, as decimals do not
                # always come in threes. Brackets show an accountant, who separates thousands too.
                # Programs write 2.308 beside 257.
                fitting = [(comma, other)]
            else:
                shape = next(shape for shape in sorted(self._shapes) if comma in shape)
                ambiguous = self._examples[shape]
        if not fitting:
            return NumberReading(None)
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
            # If exponents are not written alike, numbers are written with as many decimals as needed.
            number = dataclasses.replace(
                number,
                exponent=exponent,
                places=number.places if exponent else None,
                fixed=number.fixed and bool(exponent),
            )
        return NumberReading(number, proven.pop() if sure else "", ambiguous)


def _exponent(powers: Iterable[str]) -> str:
    """Return the notation of powers of ten from their shapes; empty if they are not written alike."""
    letters = {power[0] for power in powers}
    signs = {power.strip("eE9") for power in powers}
    width = min(power.count("9") for power in powers)
    if len(letters) > 1 or {"", "+"} <= signs:
        return ""
    # Programs that write E-05 also write E+05.
    plus = "+" in signs or (width > 1 and "" not in signs)
    return letters.pop() + "+" * plus + "0" * width


def _any(texts: pa.ChunkedArray, regex: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, regex)).as_py())
