"""Spec: description of one example."""

import dataclasses
import math
from functools import cached_property
from typing import Any

from kerasae import notations

#: Ids of the first three tokens of every vocabulary: padding, an unknown word, the end of a text.
PADDING, UNKNOWN, END = 0, 1, 2


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a table, or one channel of a series.

    Args:
        name: Name of the column.
        kind: Kind of the values: `"number"`, `"boolean"` (two values, 0 and 1), `"date"`, `"category"`, or
            `"empty"` for a column without any value in the training rows.
        dtype: Name of the raw pandas type, which `inverse_transform` restores.
        categories: Values of a fitted category that have a code of their own. Defaults to `()`.
        notation: Notation of entries that are strings. Defaults to `None`, the plain notation of the kind.
        gap: Evidence of a missing cell that its row is an anomaly, in nats, after fitting. It is 0 if gaps
            are usual. Defaults to 0.
        unseen: Evidence of a category value that is in no training row, in nats. It is 0 if the model has
            learned a probability of other values, and for a column that is not a category. Defaults to 0.
        stand_in: Value of `x` that replaces a missing entry in the input of a network, after fitting. It is
            0, the mean, for a number or date; the share of true values for a boolean; 1, the code of the
            most frequent value, for a category. Defaults to `None`, for a column with missing entries in the
            training rows, whose mark the network learns.
    """

    name: str
    kind: str
    dtype: str
    categories: tuple[str, ...] = ()
    notation: notations.Notation = None  # type: ignore[assignment]
    gap: float = 0.0
    unseen: float = 0.0
    stand_in: float | None = None

    def __post_init__(self) -> None:
        if self.notation is None:
            object.__setattr__(self, "notation", notations.plain(self.kind))

    def to_dict(self) -> dict[str, Any]:
        """Return this column as plain JSON values, without the plain notation of its kind."""
        values: dict[str, Any] = {
            "name": self.name,
            "kind": self.kind,
            "dtype": self.dtype,
            "categories": self.categories,
        }
        if self.notation != notations.plain(self.kind):
            values["notation"] = self.notation.to_dict()
        fitted = {name: getattr(self, name) for name in ("gap", "unseen") if getattr(self, name)}
        return values | fitted | ({} if self.stand_in is None else {"stand_in": self.stand_in})

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Column":
        """Return the column that `to_dict` described."""
        notation = values.get("notation")
        restored: dict[str, Any] = {"categories": tuple(values["categories"])}
        if notation is not None:
            restored["notation"] = notations.from_dict(notation)
        return cls(**{**values, **restored})

    @property
    def is_numeric(self) -> bool:
        """Whether two values have a distance, as numbers and dates have. Others are only equal or not."""
        return self.kind in ("number", "date")

    @property
    def width(self) -> int:
        """Number of decoder outputs: for a category one per value and one for unknown values, otherwise 1."""
        if self.kind == "category":
            return len(self.categories) + 1
        return 0 if self.kind == "empty" else 1


@dataclasses.dataclass(frozen=True)
class Timing:
    """Steps and stamps of a series.

    Args:
        step: Time between two readings, in seconds.
        stamps: Columns of the time stamps, with their notations. Defaults to `()`, if rows have no stamps.
        holds: Number of steps for which a reading of each channel holds, in the order of the channels: 1, or
            more for a channel that is read at a slower rate. Defaults to `()`, if this is not known.
        zone: Time zone of stamps without an offset. Defaults to `None`.
        longest_gap: Greatest number of missing rows that are filled. A longer gap begins a new stretch.
            Defaults to 5.
        group: Name of the column that names the machine of each row. Defaults to `None`, for one machine.
    """

    step: float
    stamps: tuple[Column, ...] = ()
    holds: tuple[int, ...] = ()
    zone: str | None = None
    longest_gap: int = 5
    group: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the timing as plain JSON values."""
        stamps = [column.to_dict() for column in self.stamps]
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {**values, "stamps": stamps, "holds": [*self.holds]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Timing":
        """Return the timing that `to_dict` described."""
        stamps = tuple(Column.from_dict(column) for column in values["stamps"])
        return cls(**{**values, "stamps": stamps, "holds": tuple(values["holds"])})


@dataclasses.dataclass(frozen=True)
class Spec:
    """Description of one raw example: its kind, shape, type and range, its columns or its vocabulary.

    Args:
        kind: Kind of the example: `"image"` (height, width, channels), `"vector"` (features), `"table"`
            (columns), `"text"` (tokens), or `"series"` (steps, channels).
        shape: Shape of one example as a network sees it, without the batch.
        dtype: Name of the raw NumPy type, which `inverse_transform` restores; `"string"` for a text,
            `"mixed"` for a table. Defaults to `"float32"`.
        low: Smallest allowed value, such as 0 for uint8. Defaults to `None`, unknown.
        high: Largest allowed value, such as 255 for uint8. Defaults to `None`, unknown.
        columns: Columns of a table. Defaults to `()`.
        vocabulary: Token of each id of a fitted text, starting with padding, unknown word and end. Defaults
            to `()`.
        channels: Channels of a series, in the order of the last axis. Defaults to `()`.
        timing: Steps and stamps of a series. Defaults to `None`, unknown.
    """

    kind: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    low: float | None = None
    high: float | None = None
    columns: tuple[Column, ...] = ()
    vocabulary: tuple[str, ...] = ()
    channels: tuple[Column, ...] = ()
    timing: Timing | None = None

    @property
    def step(self) -> float | None:
        """Seconds between two readings of a series, or `None`."""
        return None if self.timing is None else self.timing.step

    @property
    def size(self) -> int:
        """Number of entries of one example."""
        return math.prod(self.shape)

    @cached_property
    def features(self) -> tuple[Column, ...]:
        """Columns of a table that a network sees, which are all but the empty ones."""
        return tuple(column for column in self.columns if column.kind != "empty")

    def to_dict(self) -> dict[str, Any]:
        """Return this spec as plain JSON values, without empty lists."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        values["shape"] = list(self.shape)
        values["columns"] = [column.to_dict() for column in self.columns]
        values["vocabulary"] = list(self.vocabulary)
        values["channels"] = [channel.to_dict() for channel in self.channels]
        values["timing"] = [] if self.timing is None else self.timing.to_dict()
        return {key: value for key, value in values.items() if value != [] or key == "shape"}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Spec":
        """Return the spec that `to_dict` described."""
        described = {
            key: tuple(Column.from_dict(column) for column in values.get(key, ()))
            for key in ("columns", "channels")
        }
        restored: dict[str, Any] = {
            "shape": tuple(values["shape"]),
            "vocabulary": tuple(values.get("vocabulary", ())),
            "timing": Timing.from_dict(values["timing"]) if values.get("timing") else None,
        }
        return cls(**{**values, **restored, **described})
