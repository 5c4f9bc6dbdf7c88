"""Doubts: warnings that a column of categories might be something else."""

import dataclasses
import re
import warnings
from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from kerasae import notations
from kerasae.notations import DateFinder, Notation, NumberFinder

#: Number of different entries above which a column is no boolean.
FEW = 8
#: Number of different entries that are checked one by one.
TRIED = 1000
#: Share of entries of another kind from which a column of categories causes a warning.
_NEARLY = 0.9
#: Words that often stand for a missing entry, but may also be a category.
_WORDS = (
    *("unknown", "missing", "none", "nil", "not available", "not applicable", "not specified"),
    *("unspecified", "undefined", "n.a.", "n. a.", "tbd", "xxx", "???"),
)
#: Durations and times in hours and minutes, and the hours of a day.
_CLOCK = r"^[0-9]{1,3}:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?(?: ?[AaPp][Mm])?$"
_OF_DAY = re.compile(r"(?:[01]?[0-9]|2[0-3]):")


class Doubts:
    """Warnings that a column of categories might be something else.

    Args:
        name: Name of the column.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._words: Counter[str] = Counter()
        #: Different entries, in order; at most `TRIED`.
        self._some: dict[str, None] = {}

    def look(self, present: pa.ChunkedArray) -> None:
        """Take note of entries, without missing ones."""
        if len(self._some) < TRIED:
            self._some |= dict.fromkeys(pc.unique(present)[: TRIED - len(self._some)].to_pylist())
        lower = pc.utf8_lower(present)
        for one in pc.value_counts(present.filter(pc.is_in(lower, pa.array(_WORDS)))).to_pylist():
            self._words[one["values"]] += one["counts"]

    def warn(self, rows: int, present: int, numbers: NumberFinder, mark: str) -> None:
        """Warn if the column might hold missing entries, numbers, dates or times.

        Args:
            rows: Number of rows.
            present: Number of rows with an entry.
            numbers: Finder that has seen all entries.
            mark: Decimal mark of the file; empty if it is not known.
        """
        option = f'--set \'data.types={{"{self._name}": "number"}}\''
        if self._words:
            word, count = self._words.most_common(1)[0]
            others = present - self._words.total()
            kind = (
                f", and the other {others:,} are numbers"
                if round(numbers.share() * present) == others
                else ""
            )
            warnings.warn(
                f"Column '{self._name}' holds '{word}' ({count:,} of {rows:,} entries), which is read as "
                f"a category{kind}; if it stands for a missing entry, say so with --missing '{word}'.",
                stacklevel=2,
            )
        elif not numbers.codes and (said := self.about_numbers(present, numbers, mark, option)):
            warnings.warn(said, stacklevel=2)
        else:
            self._warn_moments()

    def about_numbers(self, present: int, numbers: NumberFinder, mark: str, option: str) -> str:
        """Return why a column of numbers is read as categories; empty if most entries are no numbers.

        Args:
            present: Number of rows with an entry.
            numbers: Finder that has seen all entries.
            mark: Decimal mark of the file; empty if it is not known.
            option: Option that makes it a column of numbers, for the message.
        """
        share, bound, odd = numbers.share(), numbers.bound(), numbers.no_number()
        read = f"Column '{self._name}' is read as a category: "
        several = share >= _NEARLY or len(self._some) > FEW
        if bound is not None and several and numbers.share(bounds=True) >= _NEARLY:
            value = value_of(numbers.loose(mark), bound)
            return (
                f"{read}some of its numbers are bounds or estimates, such as '{bound}'; {option} reads each "
                f"as the number in it, here {value:g}."
            )
        if share < _NEARLY:
            return ""
        if odd is not None:
            count = round(share * present)
            kept = value_of(numbers.loose(mark), odd) is not None
            effect = "reads what is in such entries" if kept else "takes such entries as missing"
            return f"{read}{count} of {present} entries are numbers, but '{odd}' is none; {option} {effect}."
        shown = " and ".join(f"'{one}'" for one in numbers.examples()[:2])
        return (
            f"{read}its entries are numbers that are not all written alike, such as {shown}; {option} reads "
            "what is in them."
        )

    def _warn_moments(self) -> None:
        """Warn if most entries are dates, or times of day among which some are durations."""
        if len(self._some) <= FEW:
            return
        texts = notations.chunked([*self._some])
        dates = DateFinder(partly=True)
        dates.see(texts)
        date, _ = dates.found(dayfirst=True)
        read = texts.filter(pc.is_valid(date.parse(texts))).to_pylist() if date else []
        times = texts.filter(pc.match_substring_regex(texts, _CLOCK)).to_pylist()
        for kind, found, advice in (
            ("dates", read, f'--set \'data.types={{"{self._name}": "date"}}\' takes such entries as missing'),
            ("times", times, "write durations as numbers, and times of day alike"),
        ):
            known = {*found}
            others = [text for text in self._some if text not in known]
            # Times become a category only if one of them is no time of day, or if they are not written alike.
            odd = others or ([text for text in times if not _OF_DAY.match(text)] if found is times else [])
            if len(found) >= _NEARLY * len(self._some) and odd:
                warnings.warn(
                    f"Column '{self._name}' is read as a category: of {len(self._some):,} different "
                    f"entries {len(found):,} are {kind}, such as '{found[0]}', but there is '{odd[0]}' too; "
                    f"{advice}.",
                    stacklevel=2,
                )
                return


def value_of(notation: Notation, text: str) -> float | None:
    """Return the number that a notation reads in an entry, whatever stands for a missing one."""
    plain = dataclasses.replace(notation, missing=())
    value = plain.parse(pa.chunked_array([pa.array([text], pa.string())]))[0].as_py()
    return None if value is None else float(value)
