"""Monitored: what a comparison of new rows with reference rows found."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from kerasae.files import numbered
from kerasae.metrics import Shift

#: Number of the format of `drift.json` and of a line of the history.
FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Movement:
    """Shift of a column, with how it moved, as a part of a sentence."""

    shift: Shift
    words: str


@dataclasses.dataclass(frozen=True)
class Monitored:
    """Result of `monitor`.

    Args:
        title: Name of the new rows.
        reference: Name of the rows to which they are compared.
        time: Time of the comparison, in UTC, as in ISO 8601.
        rows: Number of new rows that are compared; of a log, windows that share no readings.
        reference_rows: Number of reference rows, counted in the same way.
        flagged: Number of new rows above the threshold.
        flagged_range: Smallest and largest number of flagged rows among so many normal ones, with 95 %
            confidence.
        threshold: Threshold of the detector.
        false_alarms: Rate of false alarms that was asked for; `None` for a threshold without one.
        scores: Shift of the scores; `None` for fewer than 8 rows.
        rate: Test of the promised rate; its distance is the difference of the shares.
        columns: Shifts of the columns, the most significant first.
        significance: Largest probability of an alarm without drift.
        smallest: Smallest distance of two distributions that counts as drift.
    """

    title: str
    reference: str
    time: str
    rows: int
    reference_rows: int
    flagged: int
    flagged_range: tuple[int, int]
    threshold: float
    false_alarms: float | None
    scores: Shift | None
    rate: Shift
    columns: Sequence[Movement]
    significance: float
    smallest: float

    @property
    def moved(self) -> list[Movement]:
        """Columns that have drifted."""
        return [one for one in self.columns if one.shift.is_drift(self.significance, self.smallest)]

    @property
    def scores_moved(self) -> bool:
        """Whether the scores have drifted."""
        return self.scores is not None and self.scores.is_drift(self.significance, self.smallest)

    @property
    def rate_broken(self) -> bool:
        """Whether more rows are flagged than so many normal rows explain, however small the difference."""
        return self.rate.is_drift(self.significance, 0.0)

    @property
    def drift(self) -> bool:
        """Whether anything has drifted: a column, the scores, or the rate."""
        return bool(self.moved) or self.scores_moved or self.rate_broken

    @property
    def sentences(self) -> list[tuple[bool, str]]:
        """Sentences for a person, each with whether it is good news."""
        sentences = [(not self.rate_broken, self._on_flags)]
        if self.scores is None:
            few = f"{self.rows:,} rows and {self.reference_rows:,} to compare with are too few to say whether"
            sentences.append((False, f"{few} the scores have moved; 8 of each are needed."))
        else:
            has = "have moved" if self.scores_moved else "have not moved"
            sentences.append(
                (
                    not self.scores_moved,
                    f"The scores {has} (distance {self.scores.distance:.2f}, {_p(self.scores)}).",
                )
            )
        count = len(self.moved)
        if not count and self.columns:
            sentences.append((True, f"None of {len(self.columns)} quantities has moved."))
        sentences += [
            (False, f"{one.shift.name} has moved: {one.words} ({_p(one.shift)}).") for one in self.moved[:10]
        ]
        if count > 10:
            sentences.append((False, f"{count - 10} further quantities have moved."))
        return sentences

    @property
    def _on_flags(self) -> str:
        """How many rows are flagged, how many were expected, and what follows."""
        low, high = self.flagged_range
        asked = "" if self.false_alarms is None else f" at a promised rate of {self.false_alarms:.1%}"
        if self.rate_broken:
            follows = (
                "Chance does not explain so many: look at the flagged rows, and if they are normal, set the "
                "threshold again with kerasae calibrate"
            )
        elif self.flagged > high:
            follows = "That is more than expected, but so few rows prove nothing; look at the next ones too"
        else:
            follows = "That is no more than expected"
        return (
            f"{self.flagged:,} of {self.rows:,} rows are flagged. If all were normal, {low:,} to {high:,} "
            f"would be{asked} (95 % confidence). {follows}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain JSON values."""
        values = dataclasses.asdict(self)
        values["columns"] = [{**one["shift"], "moved": one["words"]} for one in values["columns"]]
        return numbered({"drift": self.drift, **values}, FORMAT)

    def line(self) -> dict[str, Any]:
        """Return the line of the history, as plain JSON values."""
        values = {
            "time": self.time,
            "rows": self.rows,
            "flagged": self.flagged,
            "flagged_range": list(self.flagged_range),
            "score_distance": None if self.scores is None else self.scores.distance,
            "moved": [one.shift.name for one in self.moved],
            "drift": self.drift,
        }
        return numbered(values, FORMAT)


def _p(shift: Shift) -> str:
    p_value = shift.p_value if shift.adjusted is None else shift.adjusted
    return f"p = {p_value:.2g}" if p_value >= 1e-6 else "p < 1e-6"
