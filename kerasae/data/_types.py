"""What the columns of a table hold and how it is written: found from all of their entries."""

import dataclasses
import re
import warnings
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kerasae import notations
from kerasae.data._files.missing import STAND_INS, nulls
from kerasae.notations import DateFinder, Notation, Number, NumberFinder, trim
from kerasae.notations.number_finder import Found
from kerasae.preprocessing import as_type, is_time, plain, type_name
from kerasae.spec import Column

KINDS = ("number", "boolean", "date", "category")
#: Share of entries of a kind from which a column of categories is worth a word.
_NEARLY = 0.9
#: Different entries above which a column is no boolean.
_FEW = 8
#: Different entries that cannot be read of which the kind is looked at.
_TRIED = 1000
#: Digits that every integer of 64 bits has room for.
_DIGITS = 18
#: Words that often stand for a missing entry, but may be a category.
_WORDS = (
    *("unknown", "missing", "none", "nil", "not available", "not applicable", "not specified"),
    *("unspecified", "undefined", "n.a.", "n. a.", "tbd", "xxx", "???"),
)

#: Hours and minutes, of any length, and those of a day.
_CLOCK = r"^[0-9]{1,3}:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?(?: ?[AaPp][Mm])?$"
_OF_DAY = re.compile(r"(?:[01]?[0-9]|2[0-3]):")

Missing = Sequence[str | float] | Mapping[str, Sequence[str | float]] | None


def declared(missing: Missing, name: str) -> tuple[str, ...]:
    """What stands for a missing entry in a column, as strings.

    Args:
        missing: for all columns, or by the name of a column.
        name: of the column.
    """
    given = missing.get(name, ()) if isinstance(missing, Mapping) else missing or ()
    return tuple(str(int(one)) if isinstance(one, float) and one == int(one) else str(one) for one in given)


class ColumnFinder:
    """The kind and the notation of one column of strings, seen block by block in any order.

    Args:
        name: of the column.
        kind: where the user has said it, otherwise `None`.
        missing: what stands for a missing entry, as the user has said.
        dayfirst: whether 02/01/2020 is the second of January; `None` finds out.
    """

    def __init__(
        self, name: str, kind: str | None = None, missing: tuple[str, ...] = (), dayfirst: bool | None = None
    ) -> None:
        self.name, self.kind, self.dayfirst = name, kind, dayfirst
        self.missing = missing
        self.rows = self.gaps = 0
        #: How often each entry stood for a missing one.
        self.stand_ins: Counter[str] = Counter()
        #: Whether an entry has a decimal point that can mean nothing else.
        self.point = False
        #: Whether a point stands before three digits alone, so that it may part thousands.
        self._threes = True
        self._plain = {"bits", "integer", "number"}
        self._numbers, self._dates = NumberFinder(), DateFinder(partly=kind == "date")
        self._time: notations.TimeOfDay | None = None
        self._times: list[pa.ChunkedArray] | None = []
        self._counts: Counter[str] | None = Counter()
        self._words: Counter[str] = Counter()
        #: Different entries, at most `_TRIED`, for what is said of a category.
        self._some: dict[str, None] = {}

    # A first look, at all columns ------------------------------------------------------------------

    def see(self, texts: pa.ChunkedArray) -> None:
        """Finds out whether a block holds plain numbers."""
        self.rows += len(texts)
        present = self._present(texts, count=True)
        if not len(present) or not self._plain:
            return
        # 007 is a code, not a number.
        if pc.any(pc.match_substring_regex(present, r"^[+-]?0[0-9]")).as_py():
            self._plain = set()
            return
        integers = _cast(present, pa.int64()) if "integer" in self._plain else None
        if integers is None:
            self._plain = {"number"} if _cast(present, pa.float64()) is not None else set()
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
        """Whether the entries are something else than plain numbers, and need a second look."""
        present = self.rows > self.gaps
        return present and (not self._plain or self._unclear or self.kind in ("date", "boolean"))

    @property
    def _unclear(self) -> bool:
        """Whether the entries are plain numbers such as 1.234 and 257, which may have thousands."""
        return self._plain == {"number"} and self._threes and not self.point

    # A second look, at those that are left ---------------------------------------------------------

    def look(self, texts: pa.ChunkedArray) -> None:
        """Finds out how the entries of a block are written."""
        present = self._present(texts)
        if not len(present):
            return
        self._numbers.see(present)
        self._dates.see(present)
        if self._times is not None:
            like = pc.match_substring_regex(present, r"^[0-9]{1,2}:[0-9]{2}")
            self._times = [*self._times, pc.unique(present)] if pc.all(like).as_py() else None
        if self._counts is not None:
            self._counts.update(
                {one["values"]: one["counts"] for one in pc.value_counts(present).to_pylist()}
            )
            self._counts = self._counts if len(self._counts) <= _FEW else None
        if len(self._some) < _TRIED:
            self._some |= dict.fromkeys(pc.unique(present)[: _TRIED - len(self._some)].to_pylist())
        lower = pc.utf8_lower(present)
        for one in pc.value_counts(present.filter(pc.is_in(lower, pa.array(_WORDS)))).to_pylist():
            self._words[one["values"]] += one["counts"]

    @property
    def commas(self) -> bool:
        """Whether entries that are numbers have commas."""
        return self._numbers.commas

    def mark(self) -> str:
        """The decimal mark that the entries of this column prove; empty where they do not."""
        return "." if self.point else self._numbers.found().mark

    def found(self, mark: str = "") -> Column:
        """The column, with the notation that its entries allow.

        Args:
            mark: the decimal mark of the file, where something says it.

        Raises:
            ValueError: for numbers that may have thousands or decimals.
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
        self._warn(mark)
        return self._category_column(mark)

    def typed(self, dtype: str) -> Column:
        """The column where strings have a type already: a category, unless the user says another kind."""
        if self.kind in ("number", "boolean", "date"):
            return dataclasses.replace(self.found(file_mark([self], ",")), dtype=dtype)
        if self.kind is None and self.rows - self.gaps > _FEW:
            self._warn_typed()
        return Column(self.name, "category", dtype, notation=notations.Text(missing=self.missing))

    def _warn_typed(self) -> None:
        """Says what a column of strings might have been."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = self.found(".")
        option = f"types={{'{self.name}': 'number'}} (--set 'data.types={{\"{self.name}\": \"number\"}}')"
        if found.kind == "category" and not self._numbers.codes:
            if said := self._about_numbers(".", option):
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
        found: Found = self._numbers.found(mark)
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
        whole = found.number is not None and found.number.places == 0 and self._numbers.digits <= _DIGITS
        dtype = ("Int64" if self.gaps else "int64") if whole else "float64"
        return Column(self.name, "number", dtype, notation=self._kept(number))

    def _date_column(self, mark: str) -> Any:
        date, either = self._dates.found(self.dayfirst)
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
        # A server takes categories as strings: it must know all that a file would have missing.
        text = notations.Text(missing=(*STAND_INS, *self.missing))
        return Column(self.name, "category", "str", notation=text)

    def _kept(self, notation: Notation | None) -> Notation:
        notation = notations.plain(self.kind or "number") if notation is None else notation
        tokens = dict.fromkeys((*self.missing, *sorted(self.stand_ins)))
        return dataclasses.replace(notation, missing=tuple(tokens))

    def _warn(self, mark: str) -> None:
        """Says what a column of categories might have been."""
        option = f'--set \'data.types={{"{self.name}": "number"}}\''
        if self._words:
            word, count = self._words.most_common(1)[0]
            others = self.rows - self.gaps - self._words.total()
            kind = f", and the other {others:,} are numbers" if self._all_numbers_but_words() else ""
            warnings.warn(
                f"Column '{self.name}' holds '{word}' ({count:,} of {self.rows:,} entries), which is read as "
                f"a category{kind}; if it stands for a missing entry, say so with --missing '{word}'.",
                stacklevel=2,
            )
        elif not self._numbers.codes and (said := self._about_numbers(mark, option)):
            warnings.warn(said, stacklevel=2)
        else:
            self._warn_moments()

    def _about_numbers(self, mark: str, option: str) -> str:
        """Why a column is one of categories though its entries are numbers; empty where they are none.

        Args:
            mark: the decimal mark of the file.
            option: that makes it a column of numbers.
        """
        share, bound, odd = self._numbers.share(), self._numbers.bound(), self._numbers.no_number()
        read = f"Column '{self.name}' is read as a category: "
        total = self.rows - self.gaps
        several = share >= _NEARLY or len(self._some) > _FEW
        if bound is not None and several and self._numbers.share(bounds=True) >= _NEARLY:
            value = _value(self._numbers.loose(mark), bound)
            return (
                f"{read}some of its numbers are bounds or estimates, such as '{bound}'; {option} reads each "
                f"as the number in it, here {value:g}."
            )
        if share < _NEARLY:
            return ""
        if odd is not None:
            numbers = round(share * total)
            kept = _value(self._numbers.loose(mark), odd) is not None
            effect = "reads what is in such entries" if kept else "takes such entries as missing"
            return f"{read}{numbers} of {total} entries are numbers, but '{odd}' is none; {option} {effect}."
        shown = " and ".join(f"'{one}'" for one in self._numbers.examples()[:2])
        return (
            f"{read}its entries are numbers that are not all written alike, such as {shown}; {option} reads "
            "what is in them."
        )

    def _warn_moments(self) -> None:
        """Says that most entries are dates, or times of which some are durations."""
        if len(self._some) <= _FEW:
            return
        texts = notations.chunked([*self._some])
        dates = DateFinder(partly=True)
        dates.see(texts)
        date, _ = dates.found(dayfirst=True)
        read = texts.filter(pc.is_valid(date.parse(texts))).to_pylist() if date else []
        times = texts.filter(pc.match_substring_regex(texts, _CLOCK)).to_pylist()
        for kind, found, advice in (
            ("dates", read, f'--set \'data.types={{"{self.name}": "date"}}\' takes such entries as missing'),
            ("times", times, "write durations as numbers, and times of day alike"),
        ):
            known = {*found}
            others = [text for text in self._some if text not in known]
            # A time is a category only where one of them is no time of day, or all are not written alike.
            odd = others or ([text for text in times if not _OF_DAY.match(text)] if found is times else [])
            if len(found) >= _NEARLY * len(self._some) and odd:
                warnings.warn(
                    f"Column '{self.name}' is read as a category: of {len(self._some):,} different "
                    f"entries {len(found):,} are {kind}, such as '{found[0]}', but there is '{odd[0]}' too; "
                    f"{advice}.",
                    stacklevel=2,
                )
                return

    def _all_numbers_but_words(self) -> bool:
        present = self.rows - self.gaps
        return round(self._numbers.share() * present) + self._words.total() == present


def _cast(texts: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    """Strings as a type of numbers, or `None` where one of them is none."""
    try:
        return texts.cast(kind)
    except pa.ArrowInvalid:
        return None


def _chunks(texts: Any) -> list[pa.Array]:
    return texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]


class ColumnReader:
    """Reads a column of strings by its notation, and notes what it cannot read.

    Args:
        column: as it was found, on this file or on the one of the training.
    """

    def __init__(self, column: Column) -> None:
        self.column = column
        #: Entries that are not of the notation, and the number of those that are.
        self.unread: Counter[str] = Counter()
        self.seen = 0

    def read_plain(self, texts: pa.ChunkedArray) -> pa.ChunkedArray | None:
        """A block of plain numbers as Arrow holds them; `None` for any other, which `read` is for."""
        kind = {"float64": pa.float64(), "int64": pa.int64()}.get(self.column.dtype)
        if kind is None or self.column.kind not in ("number", "boolean") or self.column.notation.dressed:
            return None
        if self.column.notation.missing:
            return None
        values = _cast(nulls(texts), kind)
        if values is None or (values.null_count and kind == pa.int64()):
            return None
        if self.column.kind == "boolean" and not pc.all(pc.is_in(values, pa.array([0, 1], kind))).as_py():
            return None
        self.seen += len(values) - values.null_count
        return values

    def read(self, texts: pa.ChunkedArray) -> pd.Series:
        """A block as a Series of the type of the column; what cannot be read is missing."""
        column = self.column
        if column.kind == "empty":
            return pd.Series([None] * len(texts), dtype=column.dtype if column.dtype == "str" else "float64")
        known = nulls(texts, (*STAND_INS, *column.notation.missing))
        if column.kind == "category":
            return with_dtype(_as_known(known, column).to_pandas(), column.dtype)
        values = column.notation.parse(known)
        self.seen += len(values) - values.null_count
        if values.null_count > known.null_count:
            unread = known.filter(pc.and_(pc.is_null(values), pc.is_valid(known)))
            gone = getattr(column.notation, "missing_numbers", ())
            for one in pc.value_counts(unread).to_pylist():
                if not (gone and _value(column.notation, one["values"]) in gone):
                    self.unread[one["values"]] += one["counts"]
        return with_dtype(pd.Series(values.to_pandas(types_mapper=_NULLABLE.get)), column.dtype)

    def contradiction(self) -> str:
        """An entry that is of the kind of the column and written in another way; empty for none.

        Where no entry at all can be read, any of them.
        """
        if not self.unread:
            return ""
        if not self.seen:
            return self.unread.most_common(1)[0][0]
        return next((one for one in sorted(self.unread)[:_TRIED] if _kind(one) == self.column.kind), "")


def _as_known(texts: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    """Whole numbers among categories written as those of the training: pandas writes 1.0 beside a gap."""
    for pattern, other, written in (
        (r"-?[0-9]+", r"^(-?[0-9]+)\.0$", r"\1"),
        (r"-?[0-9]+\.0", r"^(-?[0-9]+)$", r"\1.0"),
    ):
        if column.categories and all(re.fullmatch(pattern, one) for one in column.categories):
            return pc.replace_substring_regex(texts, other, written)
    return texts


_NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


def with_dtype(series: pd.Series, dtype: str) -> pd.Series:
    """A Series as a type, or as the nearest one that holds its values.

    A new file may have gaps, or decimals, where the training had none.
    """
    if dtype.startswith("category"):
        return series.astype("category")
    if is_time(dtype):
        return series if series.dtype == object else as_type(series, dtype)
    wanted: Any = pd.api.types.pandas_dtype(dtype)
    if isinstance(wanted, pd.DatetimeTZDtype) and getattr(series.dtype, "tz", None) is None:
        return series.dt.tz_localize("UTC").astype(wanted)
    if (
        wanted.kind == "M"
        and not isinstance(wanted, pd.DatetimeTZDtype)
        and getattr(series.dtype, "tz", None)
    ):
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    plain = dtype.lower()
    whole = plain.startswith(("int", "uint"))
    if whole and pd.api.types.is_float_dtype(series.dtype) and (series.dropna() % 1 != 0).any():
        return series
    if whole and pd.api.types.is_numeric_dtype(series.dtype):
        range_, present = np.iinfo(plain), series.dropna()
        if len(present) and not range_.min <= present.min() <= present.max() <= range_.max:
            return series
    if dtype == "bool" and series.isna().any():
        return series.astype("boolean")
    if dtype.startswith(("int", "uint")) and series.isna().any():
        return series.astype(plain.capitalize().replace("Uint", "UInt"))
    return series.astype(wanted)


def _kind(entry: str) -> str:
    """The kind that an entry has by itself."""
    finder = ColumnFinder("")
    texts = notations.chunked([entry])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        finder.see(texts)
        finder.look(texts)
        try:
            return finder.found().kind
        except ValueError:
            return "number"


def _value(notation: Notation, text: str) -> float | None:
    plain = dataclasses.replace(notation, missing=())
    value = plain.parse(pa.chunked_array([pa.array([text], pa.string())]))[0].as_py()
    return None if value is None else float(value)


def file_mark(finders: Collection[ColumnFinder], delimiter: str) -> str:
    """The decimal mark that the columns of a file prove together; empty where they do not.

    Args:
        finders: of its columns.
        delimiter: between cells. Where commas part them they are no decimal marks unless shown to be. Where
            semicolons do, spreadsheets of countries with a decimal comma may have written the file;
            otherwise a point is the decimal mark unless there are commas in numbers too.
    """
    marks = {mark for finder in finders if (mark := finder.mark())}
    if len(marks) == 1:
        return marks.pop()
    if marks or delimiter == ";":
        return ""
    return "." if delimiter == "," or not any(finder.commas for finder in finders) else ""


def _holds_nests(series: pd.Series) -> bool:
    """Whether a column of objects holds lists, dicts or durations."""
    inferred = pd.api.types.infer_dtype(series, skipna=True)
    nests = (list, dict, set, np.ndarray)
    return inferred.startswith("timedelta") or (
        inferred.startswith("mixed") and any(isinstance(value, nests) for value in series)
    )


def column_of(series: pd.Series, kind: str | None = None, missing: tuple[str, ...] = ()) -> Column:
    """The column of a Series that has a type already.

    Args:
        series: of one column.
        kind: where the user has said it, otherwise `None`.
        missing: what stands for a missing entry, as the user has said.

    Raises:
        ValueError: for a type that is no number, boolean, date or category.
    """
    kept = type_name(series)
    series = plain(series)
    dtype: Any = series.dtype
    name = str(series.name)
    texts = pd.api.types.is_object_dtype(dtype) or isinstance(dtype, pd.StringDtype)
    if texts and not _holds_nests(series):
        return _column_of_texts(series, kept, kind, missing)
    if kind is None:
        if pd.api.types.is_bool_dtype(dtype):
            kind = "boolean"
        elif pd.api.types.is_complex_dtype(dtype) or isinstance(dtype, pd.PeriodDtype | pd.IntervalDtype):
            kind = None
        elif pd.api.types.is_numeric_dtype(dtype):
            present = series.dropna()
            bits = pd.api.types.is_integer_dtype(dtype) and present.isin([0, 1]).all() and len(present)
            kind = "boolean" if bits else "number"
        elif pd.api.types.is_datetime64_any_dtype(dtype):
            kind = "date"
        elif not (
            pd.api.types.is_timedelta64_dtype(dtype)
            or isinstance(dtype, pd.ArrowDtype)
            or pd.api.types.is_object_dtype(dtype)
        ):
            kind = "category"
    if kind is None:
        durations = "duration" in kept or pd.api.types.infer_dtype(series).startswith("timedelta")
        remedy = "divide it by pd.Timedelta('1s')" if durations else "convert it to one of them"
        shown = "object[timedelta]" if durations and kept == "object" else kept
        raise ValueError(
            f"Expected numbers, booleans, dates or categories, received column '{name}' of type {shown}; "
            f"{remedy} first."
        )
    notation = notations.plain(kind).with_missing(missing)
    if kind == "number" and is_time(kept):
        notation = notations.time_of_day(series.to_numpy("float64")).with_missing(missing)
    if kind == "category" and pd.api.types.is_numeric_dtype(dtype):
        # Codes that are numbers come back as texts: an unknown one is no number.
        return Column(name, kind, "str", notation=notation)
    if kind == "number" and pd.api.types.is_bool_dtype(dtype):
        return Column(name, kind, "float64", notation=notation)
    return Column(name, kind, kept, notation=notation)


def _column_of_texts(series: pd.Series, dtype: str, kind: str | None, missing: tuple[str, ...]) -> Column:
    """The column of a Series of objects, in which strings are read as in a file if the user says of what."""
    strings = series[series.map(lambda value: isinstance(value, str))]
    finder = ColumnFinder(str(series.name), kind, missing)
    texts = trim(pa.chunked_array([pa.array(strings, pa.string())]))
    finder.see(texts)
    finder.look(texts)
    return finder.typed(dtype)
