"""Entries of examples in the form in which a user writes them, and rules of the training rows in words."""

import difflib
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from kerasae.kinds import kind_of
from kerasae.preprocessing import as_written, named_by_text
from kerasae.preprocessing.identity import Identity
from kerasae.report import as_text
from kerasae.scores import picked
from kerasae.spec import UNKNOWN, Spec

#: Number of seconds of a day.
_DAY = 86400.0
#: Similarity from which a category is spelt nearly like another one, in [0, 1].
_NEAR = 0.75
_DIGITS = re.compile(r"\d")


class Entries:
    """Entries of examples in the form in which a user writes them."""

    def __init__(self, spec: Spec, preprocessor: Any) -> None:
        self.spec = spec
        self.view: Any = Identity(spec) if preprocessor is None else preprocessor
        self.names = np.array(kind_of(spec).feature_names, object)
        self._words = np.array(["", "[UNK]", "[END]", *spec.vocabulary[3:]], object)
        self._dates = np.array([column.kind == "date" for column in spec.features] or [False])
        #: Texts of rules that many rows break, by column and value.
        self._found: dict[tuple[int, Any], str] = {}

    def values(self, raw: Any, x: np.ndarray, number: np.ndarray) -> np.ndarray:
        """Return the entries that stand in raw examples, `(rows, reasons)`."""
        if self.spec.columns:
            return self._of_columns([raw] * number.shape[1], number)
        if self.spec.vocabulary:
            return self._of_tokens(raw, np.take_along_axis(x, number, axis=1).astype(int), number)
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
        return _each(lambda value, error: rounded(value, error, 3) if error else value, values, spread)

    def spreads(self, spread: np.ndarray, number: np.ndarray) -> np.ndarray:
        """Return spreads of `x` in raw units, days for a date; `None` for what is no number."""
        if self.spec.vocabulary:
            return np.full(spread.shape, None, object)
        if self.spec.columns:
            scales = np.array([scale for column, scale in self._scaled() if column.kind != "empty"])
            scales = np.where(self._dates, scales / _DAY, scales)
        else:
            scales = np.broadcast_to(self.view.affine[1], self.spec.shape).ravel()
        raw = spread.astype("float64") * scales[number]
        return _each(lambda value, _: rounded(value, value, 3) if value > 0 else None, _objects(raw), raw)

    def rules(self, raw: pd.DataFrame, broken: np.ndarray, number: np.ndarray) -> np.ndarray:
        """Return rules that entries of a table break in words, `(rows, reasons)`; `None` for no rule."""
        words = np.full(number.shape, None, object)
        rows, places = np.nonzero(pd.notna(broken))
        if not len(rows):
            return words
        rules, columns = broken[rows, places], number[rows, places]
        others = [
            column if rule.other is None else rule.other for rule, column in zip(rules, columns, strict=True)
        ]
        part = raw.iloc[rows]
        own, beside = (self._of_columns([part], np.array(one)[:, None])[:, 0] for one in (columns, others))
        said = zip(rules, columns.tolist(), own, beside, strict=True)
        words[rows, places] = [self._rule(*one) for one in said]
        return words

    def _rule(self, rule: Any, column: int, own: Any, there: Any) -> str:
        """Return a rule in words, for the entry of a column and that of the other column of the rule."""
        beside = "" if rule.other is None else f"{self.names[rule.other]} {plain(there)}"
        if rule.name == "gap":
            return "which is rare in training"
        if rule.name == "companion":
            return f"beside {beside}, though in training both are missing together"
        if rule.name in ("greater", "less"):
            later = {"greater": "later", "less": "earlier"}[rule.name] if self._dates[column] else rule.name
            return f"{later} than {beside}, unlike in training"
        if rule.name == "pair":
            return f"hardly ever with {beside} in training"
        if rule.name == "code":
            spelt = self._near(column, str(own))
            return f"{'not in the training rows' if rule.low < 0 else 'rare in training'}{spelt}"
        if rule.name == "step":
            scales = [scale for one, scale in self._scaled() if one.kind != "empty"]
            step = plain(float(f"{rule.high * scales[column]:.4g}"))
            return f"nearly all others are {'whole' if step == '1' else f'multiples of {step}'}"
        low, high = (self._end(column, end) for end in (rule.low, rule.high))
        if rule.name == "hole":
            return f"no training row is between {low} and {high}"
        return f"outside of {low} to {high}, the usual range"

    def _near(self, column: int, value: str) -> str:
        """Return what a category is spelt nearly like, as the end of a sentence; nothing if there is none."""
        if (column, value) not in self._found:
            # Digits do not count: 11th and 12th are two things.
            known = {_DIGITS.sub("", word): word for word in self.spec.features[column].categories}
            known.pop(_DIGITS.sub("", value), None)
            near = difflib.get_close_matches(_DIGITS.sub("", value), known, n=1, cutoff=_NEAR)
            self._found[column, value] = f", spelt nearly like {known[near[0]]}" if near else ""
        return self._found[column, value]

    def _end(self, column: int, number: float) -> str:
        """Return an end of a range or a hole, in `x`, as an entry of its column."""
        if (column, number) not in self._found:
            x = np.zeros((1, *self.spec.shape), "float32")
            x[0, column] = number
            restored = self._of_columns([self.view.restore(x)], np.array([[column]]))[0, 0]
            self._found[column, number] = plain(restored)
        return self._found[column, number]

    def _scaled(self) -> Any:
        return zip(self.spec.columns, self.view.scales, strict=True)

    def _of_tokens(self, texts: Any, ids: np.ndarray, number: np.ndarray) -> np.ndarray:
        """Return tokens; those that the vocabulary lacks as they stand in the texts."""
        values = np.array(self._words[ids], object)
        rows, places = np.nonzero(ids == UNKNOWN)
        unknown, texts = np.unique(rows), self.view.tensors(texts)
        written = dict(zip(unknown, self.view.written([texts[row] for row in unknown]), strict=True))
        for row, place in zip(rows, places, strict=True):
            tokens, position = written[row], number[row, place]
            if position < len(tokens):
                values[row, place] = tokens[position]
        return values

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


def rounded(value: Any, spread: float, digits: int) -> Any:
    """Return a number or date rounded to the digits of its spread that are shown."""
    if isinstance(value, pd.Timestamp):
        # The spread is in days. A zone has some hours twice, and midnight is that of the zone.
        if spread >= 1:
            return (value + pd.Timedelta(hours=12)).normalize()
        return value if value.tz is None else value.tz_convert("UTC").round("s").tz_convert(value.tz)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return value
    decimals = digits - 1 - math.floor(math.log10(spread))
    # What is rounded to nothing from below would be -0.
    return round(value, max(decimals, 0)) + 0


def plain(value: Any) -> str:
    """Return a value of a row as text, with six digits."""
    return as_text(value, 6)
