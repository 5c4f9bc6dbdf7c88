"""Planting: faults of ten kinds, written into the cells of a table as a person would write them.

Every cell is a string here, as in the file. `TABLES` says which columns of a table can have which fault; what
is drawn is the row, the column and the value. A fault stands in a row where the cell holds a value.

| kind | what is written |
| --- | --- |
| out of range | the greatest value of the column times 1.5 to 10 |
| ten times too small | a tenth of the value that stands there |
| negative | minus a hundredth to a tenth of the greatest value, in a column without a number below zero |
| percent | a number between 1 and 99 with a percent sign, in a column of plain numbers |
| swapped | the values of two columns, exchanged |
| pair | two values, or a value and a number, that cannot stand together |
| typing error | a frequent category with one letter dropped, doubled, replaced, or exchanged with the next |
| unseen | a category that the column does not have |
| century | a date a hundred years earlier or later |
| order | two dates, exchanged |
| stuck | the reading of a sensor, repeated in the next eleven rows |
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


@dataclasses.dataclass(frozen=True)
class Fault:
    """A fault that was planted.

    Args:
        kind: Kind of the fault.
        rows: Rows that hold it.
        columns: Columns that it is right to name.
        written: What was written.
    """

    kind: str
    rows: tuple[int, ...]
    columns: tuple[str, ...]
    written: str


@dataclasses.dataclass(frozen=True)
class Table:
    """The columns of a table by the faults that suit them.

    Args:
        numbers: Columns of numbers that can be out of range.
        large: Columns of numbers where a tenth of a value is wrong.
        positive: Columns of numbers that are never below zero.
        words: Columns of categories.
        swaps: Pairs of columns whose exchange is wrong.
        pairs: Values by column that cannot stand together.
        dates: Columns of dates. Defaults to none.
        order: Two columns of dates in their order. Defaults to none.
        sensors: Columns in the order of time whose reading may be stuck. Defaults to none.
        source: Arguments of the source. Defaults to none.
    """

    numbers: tuple[str, ...]
    large: tuple[str, ...]
    positive: tuple[str, ...]
    words: tuple[str, ...]
    swaps: tuple[tuple[str, str], ...]
    pairs: tuple[Mapping[str, str], ...]
    dates: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    sensors: tuple[str, ...] = ()
    source: Mapping[str, Any] = dataclasses.field(default_factory=dict)


TABLES = {
    "adult": Table(
        ("age", "hours-per-week", "education-num"),
        ("age", "hours-per-week", "fnlwgt"),
        ("age", "hours-per-week", "capital-gain", "education-num"),
        ("workclass", "education", "marital-status", "occupation", "race", "native-country", "relationship"),
        (("age", "fnlwgt"), ("education", "occupation"), ("marital-status", "relationship"), ("race", "sex")),
        (
            {"relationship": "Husband", "sex": "Female"},
            {"relationship": "Wife", "sex": "Male"},
            {"age": "17", "marital-status": "Widowed"},
            {"education": "Doctorate", "education-num": "2"},
            {"relationship": "Husband", "marital-status": "Never-married"},
        ),
    ),
    "taxis": Table(
        ("distance", "fare", "tip", "tolls", "total", "passengers"),
        ("distance", "fare", "total"),
        ("distance", "fare", "tip", "total", "tolls"),
        ("color", "payment", "pickup_zone", "dropoff_zone", "pickup_borough", "dropoff_borough"),
        (
            ("distance", "total"),
            ("pickup_zone", "pickup_borough"),
            ("color", "payment"),
            ("fare", "passengers"),
        ),
        (
            {"pickup_zone": "JFK Airport", "pickup_borough": "Manhattan"},
            {"dropoff_zone": "Midtown Center", "dropoff_borough": "Bronx"},
            {"payment": "cash", "tip": "9.5"},
            {"distance": "0.4", "fare": "52"},
        ),
        dates=("pickup", "dropoff"),
        order=("pickup", "dropoff"),
    ),
    "telco": Table(
        ("tenure", "MonthlyCharges", "TotalCharges"),
        ("MonthlyCharges", "TotalCharges"),
        ("tenure", "MonthlyCharges", "TotalCharges"),
        ("gender", "MultipleLines", "InternetService", "TechSupport", "Contract", "PaymentMethod", "Partner"),
        (
            ("tenure", "MonthlyCharges"),
            ("MonthlyCharges", "TotalCharges"),
            ("Contract", "PaymentMethod"),
            ("gender", "Partner"),
        ),
        (
            {"PhoneService": "No", "MultipleLines": "Yes"},
            {"InternetService": "No", "StreamingTV": "Yes"},
            {"tenure": "1", "TotalCharges": "6500.5"},
            {"InternetService": "No", "MonthlyCharges": "105.5"},
        ),
        source={"id": "customerID"},
    ),
    "titanic": Table(
        ("age", "fare", "sibsp", "parch"),
        ("fare",),
        ("age", "fare", "sibsp"),
        ("sex", "embarked", "class", "who", "embark_town"),
        (("age", "fare"), ("sex", "who"), ("class", "embark_town"), ("embarked", "deck")),
        (
            {"pclass": "1", "class": "Third"},
            {"sex": "female", "who": "man"},
            {"survived": "1", "alive": "no"},
            {"age": "4", "who": "man"},
            {"embarked": "S", "embark_town": "Cherbourg"},
        ),
    ),
    "insurance": Table(
        ("age", "bmi", "children", "charges"),
        ("age", "bmi", "charges"),
        ("age", "bmi", "charges"),
        ("sex", "smoker", "region"),
        (("age", "bmi"), ("sex", "smoker"), ("bmi", "charges"), ("smoker", "region")),
        ({"smoker": "yes", "charges": "1900.5"}, {"age": "63", "charges": "1300.25"}),
    ),
    "airquality": Table(
        ("CO_GT", "PT08_S1_CO", "C6H6_GT", "NOx_GT", "T", "RH", "AH"),
        ("PT08_S1_CO", "PT08_S3_NOx", "PT08_S4_NO2", "RH", "AH"),
        ("CO_GT", "PT08_S1_CO", "C6H6_GT", "NOx_GT", "RH", "AH"),
        (),
        (("PT08_S1_CO", "C6H6_GT"), ("T", "RH"), ("RH", "AH"), ("NOx_GT", "PT08_S3_NOx")),
        ({"T": "40.5", "RH": "85.5"}, {"C6H6_GT": "45.5", "PT08_S2_NMHC": "600"}),
        dates=("Date",),
        sensors=("PT08_S1_CO", "C6H6_GT", "T", "RH"),
        source={"missing": [-200]},
    ),
}
#: Faults of one table: how many of each kind, where the columns allow it.
_COUNTS = {
    "out of range": 2,
    "ten times too small": 2,
    "negative": 2,
    "percent": 1,
    "swapped": 2,
    "pair": 2,
    "typing error": 2,
    "unseen": 1,
    "century": 1,
    "order": 1,
    "stuck": 1,
}
_GONE = ("", "?", "-200")


def read(path: Path, name: str) -> pd.DataFrame:
    """Return a file as strings, with spaces around cells taken off."""
    return pd.read_csv(path, dtype=str, skipinitialspace=True, keep_default_na=False)


def plant(table: pd.DataFrame, name: str, rng: np.random.Generator) -> tuple[pd.DataFrame, list[Fault]]:
    """Return a copy of a table with faults, and the faults, each in rows of its own."""
    table, faults, used = table.copy(), [], set()
    for kind, count in _COUNTS.items():
        for number in range(count):
            fault = _Planter(table, TABLES[name], rng, used).plant(kind, number)
            if fault is not None:
                faults.append(fault)
                used.update(fault.rows)
    return table, faults


class _Planter:
    """Writes one fault."""

    def __init__(self, table: pd.DataFrame, columns: Table, rng: np.random.Generator, used: set[int]) -> None:
        self.table, self.columns, self.rng, self.used = table, columns, rng, used

    def plant(self, kind: str, number: int) -> Fault | None:
        written = getattr(self, "_" + kind.replace(" ", "_"))(number)
        if written is None:
            return None
        row, cells, columns = written
        for column, value in cells.items():
            self.table.loc[row, column] = value
        rows = (row,)
        if kind == "stuck":
            rows = tuple(range(row, row + 12))
            for column, value in cells.items():
                self.table.loc[list(rows), column] = value
        return Fault(kind, rows, columns or (*cells,), ", ".join(f"{k}={v}" for k, v in cells.items()))

    def _any(self, options: tuple[Any, ...], number: int = 0) -> Any:
        return options[int(self.rng.integers(len(options)))] if options else None

    def _row(self, *columns: str, where: Any = True) -> int:
        there = np.asarray(where) & ~self.table[list(columns)].isin(_GONE).any(axis=1).to_numpy()
        rows = [row for row in np.flatnonzero(there).tolist() if row not in self.used]
        return int(self.rng.choice(rows))

    def _values(self, column: str) -> np.ndarray:
        numbers = pd.to_numeric(self.table[column].where(~self.table[column].isin(_GONE)), errors="coerce")
        return numbers.to_numpy("float64")

    def _greatest(self, column: str) -> float:
        # Faults that stand there already are no measure.
        values = self._values(column)[[i not in self.used for i in range(len(self.table))]]
        return float(np.nanmax(values))

    def _like(self, column: str, value: float) -> str:
        whole = not self.table[column].str.contains(".", regex=False).any()
        if whole:
            return str(round(value) or int(np.sign(value)))
        return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.2f}"

    def _out_of_range(self, number: int) -> Any:
        column = self._any(self.columns.numbers)
        value = self._greatest(column) * self.rng.uniform(1.5, 10)
        return self._row(column), {column: self._like(column, value)}, None

    def _ten_times_too_small(self, number: int) -> Any:
        column = self._any(self.columns.large)
        values = self._values(column)
        # A tenth of a small value is usual.
        row = self._row(column, where=values >= np.nanmedian(values))
        return row, {column: self._like(column, values[row] / 10)}, None

    def _negative(self, number: int) -> Any:
        column = self._any(self.columns.positive)
        value = -max(self._greatest(column) * self.rng.uniform(0.01, 0.1), 0.1)
        return self._row(column), {column: self._like(column, value)}, None

    def _percent(self, number: int) -> Any:
        column = self._any(self.columns.numbers)
        return self._row(column), {column: f"{self.rng.integers(1, 100)}%"}, None

    def _swapped(self, number: int) -> Any:
        first, second = self._any(self.columns.swaps)
        row = self._row(first, second, where=self.table[first] != self.table[second])
        one, other = self.table.loc[row, [first, second]]
        return row, {first: other, second: one}, None

    def _pair(self, number: int) -> Any:
        cells = dict(self._any(self.columns.pairs))
        first = next(iter(cells))
        categorical = first in self.columns.words or self.table[first].nunique() < 30
        where = (self.table[first] == cells[first]).to_numpy() if categorical else True
        rest = [column for column in cells if column != first]
        differs = (self.table[rest[0]] != cells[rest[0]]).to_numpy()
        return self._row(*cells, where=where & differs), cells, None

    def _typing_error(self, number: int) -> Any:
        if not self.columns.words:
            return None
        column = self._any(self.columns.words)
        row = self._row(column)
        word, counts = self.table.loc[row, column], self.table[column].value_counts()
        if counts[word] < 20 or len(word) < 3:
            word = counts.index[0]
            row = self._row(column, where=(self.table[column] == word).to_numpy())
        known = {*self.table[column]}
        while (wrong := self._misspelt(word)) in known:
            pass
        return row, {column: wrong}, None

    def _misspelt(self, word: str) -> str:
        place = int(self.rng.integers(len(word)))
        letter = "abcdefghijklmnopqrstuvwxyz"[int(self.rng.integers(26))]
        rest = word[place + 1 :]
        return (
            word[:place] + rest,
            word[: place + 1] + word[place] + rest,
            word[:place] + letter + rest,
            word[:place] + rest[:1] + word[place] + rest[1:],
        )[int(self.rng.integers(4))]

    def _unseen(self, number: int) -> Any:
        if not self.columns.words:
            return None
        column = self._any(self.columns.words)
        return self._row(column), {column: self._any(("Other thing", "XX", "Atlantis", "n/k"))}, None

    def _century(self, number: int) -> Any:
        if not self.columns.dates:
            return None
        column = self._any(self.columns.dates)
        row = self._row(column)
        old = self.table.loc[row, column]
        place = old.index("20") if old[:2] == "20" else 6
        return row, {column: old[:place] + self._any(("19", "21")) + old[place + 2 :]}, None

    def _order(self, number: int) -> Any:
        if not self.columns.order:
            return None
        first, second = self.columns.order
        row = self._row(first, second, where=(self.table[first] != self.table[second]).to_numpy())
        one, other = self.table.loc[row, [first, second]]
        return row, {first: other, second: one}, None

    def _stuck(self, number: int) -> Any:
        if not self.columns.sensors:
            return None
        column = self._any(self.columns.sensors)
        row = self._row(column)
        if row + 12 > len(self.table) or self.used & {*range(row, row + 12)}:
            return self._stuck(number)
        return row, {column: self.table.loc[row, column]}, None
