"""Spec: what one example is."""

import dataclasses
import math
from functools import cached_property
from typing import Any

from kerasae import notations

#: Ids of the tokens with which every vocabulary begins: padding, a word that is not in it, the end of a text.
PADDING, UNKNOWN, END = 0, 1, 2


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a table.

    Args:
        name: of the column.
        kind: `"number"`, `"boolean"` (two values, 0 and 1), `"date"`, `"category"`, or `"empty"` for
            a column whose training rows hold no value at all.
        dtype: pandas name of the raw type, which `inverse_transform` restores.
        categories: the values of a category that have an entry of their own, once it is fitted.
        notation: how the entries are written where they are strings; `None` stands for the plain one of
            the kind.
        gap: Evidence of a missing cell against a row, in nats, once the column is fitted: 0 where gaps
            are usual. Defaults to 0.
        unseen: Evidence of a category that training never saw, in nats. 0 where the model has learned a
            probability of other values, and for what is no category. Defaults to 0.
        stand_in: The `x` that a network is given for a missing entry, once the column is fitted: 0, the mean,
            for a number or date; the share of true ones for a boolean; 1, the most frequent one, for a
            category. `None` where training rows lack entries, as a network learns their mark. Defaults to
            `None`.
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
        """This column as plain JSON values; the plain notation of its kind is left out."""
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
        """The inverse of `to_dict`."""
        notation = values.get("notation")
        made: dict[str, Any] = {"categories": tuple(values["categories"])}
        if notation is not None:
            made["notation"] = notations.from_dict(notation)
        return cls(**{**values, **made})

    @property
    def is_numeric(self) -> bool:
        """Whether two values have a distance: a number or a date. All others are the same or different."""
        return self.kind in ("number", "date")

    @property
    def width(self) -> int:
        """How many numbers describe a value: one for each category and one for unknown ones, else 1."""
        if self.kind == "category":
            return len(self.categories) + 1
        return 0 if self.kind == "empty" else 1


@dataclasses.dataclass(frozen=True)
class Spec:
    """What one raw example is: its kind, shape, type and range, its columns or its words.

    Args:
        kind: `"image"` (height, width, channels), `"vector"` (features), `"table"` (columns), or
            `"text"` (tokens).
        shape: the shape of one example as a network sees it, without the batch.
        dtype: NumPy name of the raw type, which `inverse_transform` restores; `"string"` for text,
            `"mixed"` for a table.
        low: the least value that the kind allows (0 for uint8), or `None` where nothing is known.
        high: the greatest value that the kind allows (255 for uint8), or `None`.
        columns: of a table.
        vocabulary: of a text, once it is fitted: the token of each id, padding, unknown and end first.
    """

    kind: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    low: float | None = None
    high: float | None = None
    columns: tuple[Column, ...] = ()
    vocabulary: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many numbers one example has."""
        return math.prod(self.shape)

    @cached_property
    def features(self) -> tuple[Column, ...]:
        """The columns of a table that a network sees: all but the empty ones."""
        return tuple(column for column in self.columns if column.kind != "empty")

    def to_dict(self) -> dict[str, Any]:
        """This spec as plain JSON values; what does not apply is left out."""
        values = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        values["shape"] = list(self.shape)
        values["columns"] = [column.to_dict() for column in self.columns]
        values["vocabulary"] = list(self.vocabulary)
        return {key: value for key, value in values.items() if value != [] or key == "shape"}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Spec":
        """The inverse of `to_dict`."""
        columns = tuple(Column.from_dict(column) for column in values.get("columns", ()))
        made = {"shape": tuple(values["shape"]), "vocabulary": tuple(values.get("vocabulary", ()))}
        return cls(**{**values, **made, "columns": columns})
