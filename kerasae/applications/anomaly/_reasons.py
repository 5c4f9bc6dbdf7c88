"""Reasons: the entries that make examples odd, each with its value and the one that the model expects."""

import math
import numbers
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from kerasae.applications.anomaly._accounts import account_of
from kerasae.applications.anomaly._expected import rebuilder
from kerasae.codec import Codec
from kerasae.kinds import kind_of, take
from kerasae.preprocessing import as_frame, as_written, named_by_text
from kerasae.preprocessing.identity import Identity
from kerasae.report import as_text
from kerasae.scores import Detector, picked
from kerasae.spec import Spec

#: Number of entries that are explained at once.
_ENTRIES = 2**22
#: Smallest share of the score for which a further reason is part of a sentence.
_SAID = 0.05
#: Number of seconds of a day.
_DAY = 86400.0


class Reasons(NamedTuple):
    """Strongest reasons of examples, each array `(rows, reasons)`, the strongest reason first.

    Attributes:
        name: Names of the columns, pixels or positions.
        value: Values that stand there, as the user wrote them; `None` for a missing entry.
        expected: Values that the model expects there, given the rest of the example.
        spread: Standard deviations of the expected values, in their unit; days for a date. `None` for what
            is no number.
        share: Shares of the score, in [0, 1].
    """

    name: np.ndarray
    value: np.ndarray
    expected: np.ndarray
    spread: np.ndarray
    share: np.ndarray

    @classmethod
    def joined(cls, parts: "list[Reasons]") -> Self:
        """Return the reasons of all parts, in order."""
        return cls(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def frame(self) -> pd.DataFrame:
        """Return a table with a line for each reason: row, rank, reason, value, expected, spread, share."""
        rows, count = self.share.shape
        columns = {name: values.ravel() for name, values in self._asdict().items() if name != "name"}
        return pd.DataFrame(
            {
                "row": np.repeat(np.arange(rows), count),
                "rank": np.tile(np.arange(1, count + 1), rows),
                "reason": self.name.ravel(),
                **columns,
            }
        )

    def columns(self) -> pd.DataFrame:
        """Return a table with a line for each example and columns `reason_1`, `value_1`, ..., for a sheet."""
        return pd.DataFrame(
            {
                f"{'reason' if part == 'name' else part}_{number + 1}": pd.Series(
                    [_in_a_sheet(value) for value in values[:, number]], dtype=values.dtype
                )
                for number in range(self.share.shape[1])
                for part, values in self._asdict().items()
            }
        )

    def sentence(self, row: int) -> str:
        """Return the reasons of an example in words.

        Further reasons are left out if they have hardly any share, or if the value is the expected one in the
        digits of its spread. The strongest reason then has more digits, or is said to be as expected.
        """
        return "; ".join(
            self._words(row, number)
            for number in range(self.share.shape[1])
            if number == 0 or (self.share[row, number] >= _SAID and self._expected(row, number, 1) != "")
        )

    def _words(self, row: int, number: int) -> str:
        name, value, expected, spread, share = (array[row, number] for array in self)
        stands = "missing" if value is None else _plain(value)
        of_score = f"({100 * share:.0f} % of the score)"
        if expected is None:
            return f"{name} {stands} {of_score}"
        forms = (self._expected(row, number, digits) for digits in (1, 2, 3))
        wanted = next((form for form in forms if form), "")
        if not wanted:
            return f"{name} {stands}, as expected {of_score}"
        if spread:
            # Dates of a file are texts.
            days = "" if isinstance(expected, numbers.Number) else " days"
            wanted = f"{wanted} ± {_plain(_rounded(spread, spread, 1))}{days}"
        return f"{name} {stands}, expected {wanted} {of_score}"

    def _expected(self, row: int, number: int, digits: int) -> str | None:
        """Return an expected value with some digits of its spread; an empty text if the value is the same."""
        value, expected, spread = (array[row, number] for array in (self.value, self.expected, self.spread))
        if expected is None:
            return None
        wanted = _plain(_rounded(expected, spread, digits) if spread else expected)
        return "" if value is not None and _plain(value) == wanted else wanted


class Explainer:
    """Finds the strongest reasons of raw examples.

    Args:
        codec: Codec of the detector.
        spec: Fitted spec of the examples.
        detector: Fitted detector.
        most: Number of reasons of an example.

    Attributes:
        rows: Number of examples that should be explained at once.
    """

    def __init__(self, codec: Codec, spec: Spec, detector: Detector, most: int) -> None:
        self.codec, self.spec, self.detector, self.most = codec, spec, detector, most
        self.rows = max(1, min(2048, _ENTRIES // spec.size))
        self._rebuild = rebuilder(codec, spec)
        self._entries = _Entries(spec, codec.preprocessor)

    def explain(self, raw: Any) -> Reasons:
        """Return the reasons of raw examples, `(rows, ...)`, in parts."""
        raw = as_frame(raw)
        starts = range(0, max(len(raw), 1), self.rows)
        parts = [take(raw, slice(start, start + self.rows)) for start in starts]
        return Reasons.joined([self.of(part, account_of(self.codec, self.spec, part)) for part in parts])

    def of(self, raw: Any, account: Mapping[str, np.ndarray]) -> Reasons:
        """Return the reasons of raw examples, whose account is known."""
        entries, expectation = self._entries, self.detector.expectation
        x = np.asarray(entries.view.to_x(raw))
        sound = np.isfinite(x.reshape(len(x), self.spec.size).astype("float32"))
        found = self.detector.reasons(account, self.detector(account), sound, self.most)
        number, share = (np.asarray(part) for part in found)
        value = entries.values(raw, x, number)
        expected = spread = np.full(number.shape, None, object)
        if expectation.rounds:
            filled = np.asarray(expectation.expected(x, number, self._rebuild))
            spread = entries.spreads(np.asarray(expectation.spread)[number], number)
            expected = entries.expected(filled, number, spread)
        return Reasons(entries.names[number], value, expected, spread, share)


class _Entries:
    """Entries of examples in the form in which a user writes them."""

    def __init__(self, spec: Spec, preprocessor: Any) -> None:
        self.spec = spec
        self.view: Any = Identity(spec) if preprocessor is None else preprocessor
        self.names = np.array(kind_of(spec).feature_names, object)
        self._words = np.array(["", "[UNK]", "[END]", *spec.vocabulary[3:]], object)
        self._dates = np.array([column.kind == "date" for column in spec.features] or [False])

    def values(self, raw: Any, x: np.ndarray, number: np.ndarray) -> np.ndarray:
        """Return the entries that stand in raw examples, `(rows, reasons)`."""
        if self.spec.columns:
            return self._of_columns([raw] * number.shape[1], number)
        if self.spec.vocabulary:
            return np.asarray(self._words[np.take_along_axis(x, number, axis=1).astype(int)])
        flat = np.asarray(raw).reshape(len(x), self.spec.size)
        return _objects(np.take_along_axis(flat, number, axis=1))

    def expected(self, filled: np.ndarray, number: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """Return the entries of filled examples, `(rows, reasons, features)`, rounded by their spread."""
        if self.spec.vocabulary:
            return np.asarray(self._words[np.rint(np.asarray(picked(filled, number))).astype(int)])
        # Only the entries of the reasons are read, and the others may be missing.
        examples = [np.nan_to_num(filled[:, k]).reshape(-1, *self.spec.shape) for k in range(number.shape[1])]
        if self.spec.columns:
            values = self._of_columns([self.view.restore(x) for x in examples], number)
        else:
            flat = np.stack([self.view.restore(x).reshape(len(x), self.spec.size) for x in examples], axis=1)
            values = _objects(np.take_along_axis(flat, number[..., None], axis=2)[..., 0])
        return _each(lambda value, error: _rounded(value, error, 3) if error else value, values, spread)

    def spreads(self, spread: np.ndarray, number: np.ndarray) -> np.ndarray:
        """Return spreads of `x` in raw units, days for a date; `None` for what is no number."""
        if self.spec.vocabulary:
            return np.full(spread.shape, None, object)
        if self.spec.columns:
            moments = zip(self.spec.columns, self.view.scales, strict=True)
            scales = np.array([scale for column, scale in moments if column.kind != "empty"])
            scales = np.where(self._dates, scales / _DAY, scales)
        else:
            scales = np.broadcast_to(self.view.affine[1], self.spec.shape).ravel()
        raw = spread.astype("float64") * scales[number]
        return _each(lambda value, _: _rounded(value, value, 3) if value > 0 else None, _objects(raw), raw)

    def _of_columns(self, frames: list[Any], number: np.ndarray) -> np.ndarray:
        """Return the entry of each reason, from one table for each."""
        values = np.full(number.shape, None, object)
        for k, frame in enumerate(frames):
            frame = as_written(named_by_text(pd.DataFrame(frame)), self.spec.features)
            for place, column in enumerate(self.spec.features):
                rows = np.flatnonzero(number[:, k] == place)
                if len(rows):
                    values[rows, k] = _cells(frame[column.name].iloc[rows])
        return values


def _cells(column: pd.Series) -> np.ndarray:
    cells = np.empty(len(column), object)
    cells[:] = [None if _is_missing(value) else value for value in column]
    return cells


def _is_missing(value: Any) -> bool:
    return value is None or (not isinstance(value, str) and bool(np.all(pd.isna(value))))


def _objects(values: np.ndarray) -> np.ndarray:
    """Return numbers as Python objects."""
    objects = np.empty(values.shape, object)
    objects[...] = values.tolist()
    return objects


def _each(function: Callable[[Any, Any], Any], values: np.ndarray, others: np.ndarray) -> np.ndarray:
    changed = np.empty(values.shape, object)
    for place in np.ndindex(values.shape):
        changed[place] = function(values[place], others[place])
    return changed


def _rounded(value: Any, spread: float, digits: int) -> Any:
    """Return a number or date rounded to the digits of its spread that are shown."""
    if isinstance(value, pd.Timestamp):
        # The spread is in days.
        return value.round("D" if spread >= 1 else "s")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return value
    decimals = digits - 1 - math.floor(math.log10(spread))
    # What is rounded to nothing from below would be -0.
    return round(value, max(decimals, 0)) + 0


def _in_a_sheet(value: Any) -> Any:
    """Return a value as a cell: a date at midnight without its time."""
    return as_text(value) if isinstance(value, pd.Timestamp) else value


def _plain(value: Any) -> str:
    return as_text(value, 6)
