"""Reasons: the entries that make examples odd, each with its value and the one that the model expects."""

import numbers
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from kerasae.applications.anomaly._accounts import account_of
from kerasae.applications.anomaly._entries import Entries, plain, rounded
from kerasae.applications.anomaly._expected import rebuilder
from kerasae.codec import Codec
from kerasae.kinds import take
from kerasae.preprocessing import as_frame
from kerasae.report import as_text
from kerasae.scores import Detector
from kerasae.spec import Spec

#: Number of entries that are explained at once.
_ENTRIES = 2**22
#: Smallest share of the score for which a further reason is part of a sentence.
_SAID = 0.05


class Reasons(NamedTuple):
    """Strongest reasons of examples, each array `(rows, reasons)`, the strongest reason first.

    Attributes:
        name: Names of the columns, pixels or positions.
        value: Values that stand there, as the user wrote them; `None` for a missing entry.
        expected: Values that the model expects there, given the rest of the example.
        spread: Standard deviations of the expected values, in their unit; days for a date. `None` for what
            is no number.
        share: Shares of the score, in [0, 1].
        rule: Rules of the training rows that the values break, in words; `None` for none. Defaults to
            `None`, for a score that knows no rules.
    """

    name: np.ndarray
    value: np.ndarray
    expected: np.ndarray
    spread: np.ndarray
    share: np.ndarray
    rule: np.ndarray | None = None

    @classmethod
    def joined(cls, parts: "list[Reasons]") -> Self:
        """Return the reasons of all parts, in order."""
        arrays = {name: [getattr(part, name) for part in parts] for name in parts[0].arrays()}
        return cls(**{name: np.concatenate(several) for name, several in arrays.items()})

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays that there are, by name."""
        return {name: values for name, values in self._asdict().items() if values is not None}

    def frame(self) -> pd.DataFrame:
        """Return a table with a line for each reason: row, rank, reason, value, expected, spread, share."""
        rows, count = self.share.shape
        columns = {name: values.ravel() for name, values in self.arrays().items() if name != "name"}
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
                for part, values in self.arrays().items()
            }
        )

    def sentence(self, row: int) -> str:
        """Return the reasons of an example in words.

        Further reasons are left out if they have hardly any share, or if the value breaks no rule and is the
        expected one in the digits of its spread. The strongest reason then has more digits, or is said to be
        as expected.
        """
        return "; ".join(
            self._words(row, number)
            for number in range(self.share.shape[1])
            if number == 0 or (self.share[row, number] >= _SAID and self._tells(row, number))
        )

    def _tells(self, row: int, number: int) -> bool:
        """Return whether a reason shows more than a value that is the expected one."""
        return bool(self._rule(row, number)) or self._expected(row, number, 1) != ""

    def _rule(self, row: int, number: int) -> str:
        return "" if self.rule is None else self.rule[row, number] or ""

    def _words(self, row: int, number: int) -> str:
        name, value, expected, spread, share = (array[row, number] for array in self[:5])
        stands = "missing" if value is None else plain(value)
        of_score = f"({100 * share:.0f} % of the score)"
        rule = self._rule(row, number)
        if expected is None:
            return ", ".join([f"{name} {stands}", *filter(None, [rule])]) + f" {of_score}"
        forms = (self._expected(row, number, digits) for digits in (1, 2, 3))
        wanted = next((form for form in forms if form), "")
        if not wanted:
            return f"{name} {stands}, {rule or 'as expected'} {of_score}"
        if spread:
            # Dates of a file are texts.
            days = "" if isinstance(expected, numbers.Number) else " days"
            wanted = f"{wanted} ± {plain(rounded(spread, spread, 1))}{days}"
        return ", ".join([f"{name} {stands}", *filter(None, [rule]), f"expected {wanted}"]) + f" {of_score}"

    def _expected(self, row: int, number: int, digits: int) -> str | None:
        """Return an expected value with some digits of its spread; an empty text if the value is the same."""
        value, expected, spread = (array[row, number] for array in (self.value, self.expected, self.spread))
        if expected is None:
            return None
        wanted = plain(rounded(expected, spread, digits) if spread else expected)
        return "" if value is not None and plain(value) == wanted else wanted


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
        self._entries = Entries(spec, codec.preprocessor)

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
        broken = self.detector.broken(account, number) if self.spec.columns else None
        rule = None if broken is None else entries.rules(raw, broken, number)
        return Reasons(entries.names[number], value, expected, spread, share, rule)


def _in_a_sheet(value: Any) -> Any:
    """Return a value as a cell: a date at midnight without its time."""
    return as_text(value) if isinstance(value, pd.Timestamp) else value
