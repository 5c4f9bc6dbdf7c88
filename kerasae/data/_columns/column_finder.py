"""ColumnFinder: the kind and the notation of a column, found from all of its entries."""

import dataclasses
import warnings
from collections import Counter
from collections.abc import Collection
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kerasae import notations
from kerasae.data._columns.doubts import FEW, Doubts
from kerasae.notations import (
    ENOUGH,
    OTHERS,
    STAND_INS,
    DateFinder,
    Notation,
    Number,
    NumberFinder,
    NumberReading,
    nulls,
)
from kerasae.spec import Column

#: Number of entries that are tried as dates, and the share of dates among them from which all are tried.
_FIRST, _NEARLY = 100, 0.9
#: Number of digits that always fit into an integer of 64 bits.
_DIGITS = 18


class ColumnFinder:
    """The kind and the notation of one column of strings, seen block by block in any order.

    Args:
        name: Name of the column.
        kind: Kind that the user gave. Defaults to `None`, which finds it.
        missing: Entries that stand for a missing one, given by the user. Defaults to none.
        dayfirst: Whether 02/01/2020 is the second of January. Defaults to `None`, which finds it.
    """

    def __init__(
        self, name: str, kind: str | None = None, missing: tuple[str, ...] = (), dayfirst: bool | None = None
    ) -> None:
        self.name, self.kind, self.dayfirst = name, kind, dayfirst
        self.missing = missing
        self.rows = self.gaps = 0
        #: Number of occurrences of each entry that stands for a missing one.
        self.stand_ins: Counter[str] = Counter()
        #: Whether a point in some entry is certainly a decimal mark.
        self.point = False
        #: Whether each point stands before three digits, so that it may be a thousands separator.
        self._threes = True
        self._plain = {"bits", "integer", "number"}
        self._numbers, self._dates = NumberFinder(), DateFinder(partly=kind == "date")
        #: Finder of dates among a few other entries; `None` if the first entries are no dates.
        self._some_dates: DateFinder | None = DateFinder(partly=True) if kind is None else None
        self._times: list[pa.ChunkedArray] | None = []
        self._counts: Counter[str] | None = Counter()
        self._doubts = Doubts(name)

    # A first look, at all columns ------------------------------------------------------------------

    def see(self, texts: pa.ChunkedArray) -> None:
        """Check whether a block holds plain numbers."""
        self.rows += len(texts)
        present = self._present(texts, count=True)
        if not len(present) or not self._plain:
            return
        # 007 is a code, not a number.
        if pc.any(pc.match_substring_regex(present, r"^[+-]?0[0-9]")).as_py():
            self._plain = set()
            return
        integers = cast_or_none(present, pa.int64()) if "integer" in self._plain else None
        if integers is None:
            self._plain = {"number"} if cast_or_none(present, pa.float64()) is not None else set()
            if self._plain and not self.point:
                certain = r"(?:^|[^0-9])0\.|\.(?:[0-9]{1,2}|[0-9]{4,})$|[0-9]{4}\."
                self.point = bool(pc.any(pc.match_substring_regex(present, certain)).as_py())
            if self._threes and not self.point:
                threes = r"^[+-]?(?:[0-9]{1,3}\.[0-9]{3}|[0-9]+)$"
                self._threes = bool(pc.all(pc.match_substring_regex(present, threes)).as_py())
            return
        if "bits" in self._plain and not pc.all(pc.is_in(integers, pa.array([0, 1]))).as_py():
            self._plain.discard("bits")

    def _present(self, texts: pa.ChunkedArray, count: bool = False) -> pa.ChunkedArray:
        known = nulls(texts, (*STAND_INS, *self.missing))
        if count and known.null_count:
            self.gaps += known.null_count
            gone = texts.filter(pc.and_(pc.is_null(known), pc.not_equal(texts, "")))
            for one in pc.value_counts(gone).to_pylist():
                self.stand_ins[one["values"]] += one["counts"]
        return known.drop_null()

    @property
    def undecided(self) -> bool:
        """Whether the entries are not plain numbers and need a second look."""
        present = self.rows > self.gaps
        return present and (not self._plain or self._unclear or self.kind in ("date", "boolean"))

    @property
    def _unclear(self) -> bool:
        """Whether the entries are plain numbers such as 1.234 and 257, whose point may separate thousands."""
        return self._plain == {"number"} and self._threes and not self.point

    # A second look, at undecided columns -----------------------------------------------------------

    def look(self, texts: pa.ChunkedArray) -> None:
        """Collect how the entries of a block are written."""
        present = self._present(texts)
        if not len(present):
            return
        self._numbers.see(present)
        self._dates.see(present)
        if self._dates.closed and self._some_dates is not None:
            first = DateFinder(partly=True)
            first.see(present.slice(0, _FIRST))
            self._some_dates = self._some_dates if first.share >= _NEARLY else None
            if self._some_dates is not None:
                self._some_dates.see(present)
        if self._times is not None:
            like = pc.match_substring_regex(present, r"^[0-9]{1,2}:[0-9]{2}")
            self._times = [*self._times, pc.unique(present)] if pc.all(like).as_py() else None
        if self._counts is not None:
            self._counts.update(
                {one["values"]: one["counts"] for one in pc.value_counts(present).to_pylist()}
            )
            self._counts = self._counts if len(self._counts) <= FEW else None
        self._doubts.look(present)

    @property
    def numbers(self) -> float:
        """Share of the entries that are numbers, after the second look."""
        return self._numbers.share()

    @property
    def dates(self) -> float:
        """Share of the entries that are dates in one format, after the second look."""
        return self._dates.share

    @property
    def commas(self) -> bool:
        """Whether entries that are numbers have commas."""
        return self._numbers.commas

    def mark(self) -> str:
        """Return the decimal mark that the entries of this column prove; empty if they prove none."""
        return "." if self.point else self._numbers.found().mark

    def order(self) -> bool | None:
        """Return whether the day comes first in dates, if the entries prove it; otherwise `None`."""
        return self._dates.dayfirst

    def found(self, mark: str = "") -> Column:
        """Return the column, with the notation of its entries.

        Args:
            mark: Decimal mark of the file. Defaults to an empty text, if it is not known.

        Raises:
            ValueError: if a mark in numbers may be a thousands separator or a decimal mark.
        """
        if self.rows == self.gaps:
            return Column(self.name, self.kind or "number", "float64", notation=self._kept(None))
        if self._plain and self.kind in (None, "number") and (mark == "." or not self._unclear):
            return self._plain_column()
        if self.kind is not None:
            return {
                "number": self._number_column,
                "boolean": self._boolean_column,
                "date": self._date_column,
                "category": self._category_column,
            }[self.kind](mark)
        for make in (self._boolean_column, self._number_column, self._date_column):
            if (column := make(mark)) is not None:
                return column
        if (column := self._nearly_numbers(mark) or self._nearly_dates()) is not None:
            return column
        self._doubts.warn(self.rows, self.rows - self.gaps, self._numbers, mark)
        return self._category_column(mark)

    def typed(self, dtype: str) -> Column:
        """Return the column if strings have a type already: a category, unless the user gave another kind."""
        if self.kind in ("number", "boolean", "date"):
            return dataclasses.replace(self.found(file_mark([self], ",")), dtype=dtype)
        if self.kind is None and self.rows - self.gaps > FEW:
            self._warn_typed()
        return Column(self.name, "category", dtype, notation=notations.Text(missing=self.missing))

    def _warn_typed(self) -> None:
        """Warn of the kind that a column of strings might have."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = self.found(".")
        option = f"types={{'{self.name}': 'number'}} (--set 'data.types={{\"{self.name}\": \"number\"}}')"
        if found.kind == "category" and not self._numbers.codes:
            if said := self._doubts.about_numbers(self.rows - self.gaps, self._numbers, ".", option):
                warnings.warn(said, stacklevel=2)
        elif found.kind in ("number", "date"):
            written = f" {found.notation.words()}" if found.notation.words() else ""
            warnings.warn(
                f"Column '{self.name}' of strings is read as a category, and its entries are {found.kind}s"
                f"{written}; types={{'{self.name}': '{found.kind}'}} (--set 'data.types={{\"{self.name}\": "
                f'"{found.kind}"}}\') reads them as such.',
                stacklevel=2,
            )

    def _plain_column(self) -> Column:
        kind = "boolean" if "bits" in self._plain and self.kind is None else "number"
        integers = "Int64" if self.gaps else "int64"
        dtype = integers if "integer" in self._plain else "float64"
        notation = notations.Boolean(true="1", false="0") if kind == "boolean" else Number()
        return Column(self.name, kind, dtype, notation=self._kept(notation))

    def _boolean_column(self, mark: str) -> Any:
        found = None if self._counts is None else notations.find_boolean(self._counts)
        if found is None and self.kind is None:
            return None
        if found is None and self._plain:
            found = notations.Boolean(true="1", false="0")
        sure = found is not None and ("bits" in self._plain or not self._plain)
        dtype = "bool" if sure and not self.gaps else "boolean"
        if "bits" in self._plain:
            dtype = "Int64" if self.gaps else "int64"
        return Column(self.name, "boolean", dtype, notation=self._kept(found or notations.Boolean()))

    def _number_column(self, mark: str) -> Any:
        found: NumberReading = self._numbers.found(mark)
        number: Notation | None = found.number
        if number is None and self._times:
            times = pa.chunked_array([c for one in self._times for c in _chunks(one)])
            if (number := notations.find_time(times)) is not None:
                integers = "Int64" if self.gaps else "int64"
                dtype = "float64" if number.digits else integers
                return Column(self.name, "number", dtype, notation=self._kept(number))
        if number is None:
            if self.kind is None:
                return None
            return Column(self.name, "number", "float64", notation=self._kept(self._numbers.loose(mark)))
        if found.ambiguous:
            thousands, decimals = ".," if "," in found.ambiguous else ",."
            raise ValueError(
                f"Expected numbers of one reading in column '{self.name}', received '{found.ambiguous}', "
                f"which may have thousands or decimals; --set data.decimal={thousands} reads thousands, "
                f"--set data.decimal={decimals} decimals."
            )
        return Column(self.name, "number", self._dtype(found, self.gaps), notation=self._kept(number))

    def _dtype(self, found: NumberReading, gaps: int) -> str:
        whole = found.number is not None and found.number.places == 0 and self._numbers.digits <= _DIGITS
        return ("Int64" if gaps else "int64") if whole else "float64"

    def _nearly_numbers(self, mark: str) -> Column | None:
        """Return a column of numbers if nearly all entries are numbers in one notation; otherwise `None`.

        The others count as missing: one `12%` does not make categories of a thousand plain numbers.
        """
        found, other = self._numbers.mostly(mark)
        # A few different numbers may be codes, and the others then are codes too.
        if found.number is None or found.ambiguous or self._counts is not None:
            return None
        self._warn_of_others("numbers", f", such as '{other}',")
        return Column(self.name, "number", self._dtype(found, gaps=1), notation=self._kept(found.number))

    def _nearly_dates(self) -> Column | None:
        """Return a column of dates if nearly all entries are dates in one format; otherwise `None`."""
        dates = self._some_dates
        if dates is None or self.rows - self.gaps < ENOUGH or dates.share < 1.0 - OTHERS:
            return None
        column: Column | None = self._column_of_dates(dates)
        if column is not None:
            self._warn_of_others("dates", "")
        return column

    def _warn_of_others(self, kind: str, such: str) -> None:
        warnings.warn(
            f"Column '{self.name}' is read as {kind}, and the few entries that are written otherwise{such} "
            f"count as missing; types={{'{self.name}': 'category'}} (--set 'data.types="
            f'{{"{self.name}": "category"}}\') keeps them as categories.',
            stacklevel=2,
        )

    def _date_column(self, mark: str) -> Any:
        return self._column_of_dates(self._dates)

    def _column_of_dates(self, dates: DateFinder) -> Any:
        date, either = dates.found(self.dayfirst)
        if date is None and self.kind is None:
            return None
        if either and self.dayfirst is None:
            warnings.warn(
                f"Dates of column '{self.name}' could be month/day or day/month, and are read as "
                "month/day; say it with --set data.dayfirst=true or false.",
                stacklevel=2,
            )
        return Column(self.name, "date", "datetime64[us]", notation=self._kept(date or notations.Date()))

    def _category_column(self, mark: str) -> Column:
        # A server takes categories as strings, so it must know all entries that a file counts as missing.
        text = notations.Text(missing=(*STAND_INS, *self.missing))
        return Column(self.name, "category", "str", notation=text)

    def _kept(self, notation: Notation | None) -> Notation:
        notation = notations.plain(self.kind or "number") if notation is None else notation
        tokens = dict.fromkeys((*self.missing, *sorted(self.stand_ins)))
        return dataclasses.replace(notation, missing=tuple(tokens))


def cast_or_none(texts: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    """Return strings as numbers of a type, or `None` if some string is no such number."""
    try:
        return texts.cast(kind)
    except pa.ArrowInvalid:
        return None


def _chunks(texts: Any) -> list[pa.Array]:
    return texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]


def file_mark(finders: Collection[ColumnFinder], delimiter: str) -> str:
    """Return the decimal mark that the columns of a file prove together; empty if they prove none.

    Args:
        finders: Finders of the columns.
        delimiter: Character between cells. If it is a comma, commas are no decimal marks unless some entry
            proves it. If it is a semicolon, a spreadsheet of a country with a decimal comma may have written
            the file. Otherwise the point is the decimal mark, unless numbers have commas too.
    """
    marks = {mark for finder in finders if (mark := finder.mark())}
    if len(marks) == 1:
        return marks.pop()
    if marks or delimiter == ";":
        return ""
    return "." if delimiter == "," or not any(finder.commas for finder in finders) else ""


def agree_on_dates(finders: Collection[ColumnFinder]) -> None:
    """Let columns whose dates prove the order of day and month decide it for those that leave it open.

    Args:
        finders: Finders of the columns of a file.
    """
    orders = {order for finder in finders if (order := finder.order()) is not None}
    if len(orders) == 1:
        (order,) = orders
        for finder in finders:
            finder.dayfirst = order if finder.dayfirst is None else finder.dayfirst
