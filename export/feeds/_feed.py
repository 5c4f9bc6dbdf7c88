"""Feed: raw examples as the numbers that a file for devices takes."""

import abc
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from kerasae import registry
from kerasae.kinds import kind_of
from kerasae.spec import Spec


class Feed(abc.ABC):
    """Raw examples as the numbers that a file for devices takes, without TensorFlow. This class is abstract.

    A subclass is a file of this folder. `Kind.view` is its name. Its further arguments are facts of the
    artifact, which `to_dict` returns.

    Args:
        spec: Fitted spec of the examples.
    """

    #: Whether a line of text is a whole example, in place of a line of CSV.
    is_line: ClassVar[bool] = False

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    @abc.abstractmethod
    def __call__(self, raw: Any) -> dict[str, np.ndarray]:
        """Return raw examples as the inputs of a signature, `(rows, ...)`, by name.

        Raises:
            ValueError: If the examples are not of this spec.
        """

    @abc.abstractmethod
    def served(self, raw: Any, facts: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Return raw examples as the inputs of a signature on a server, `(rows, ...)`, by name.

        Args:
            raw: Raw examples.
            facts: Facts of the artifact in the manifest.
        """

    def to_dict(self) -> dict[str, Any]:
        """Return the arguments besides `spec`, as plain JSON values."""
        return {}

    @property
    def known(self) -> set[str]:
        """Names of the columns that the model knows; none if it knows columns by place."""
        return {column.name for column in self.spec.columns}

    def of_lines(self) -> "Feed":
        """Return the feed of the lines of a file or a pipe, by default this one: a line is an example."""
        return self

    def columns(self, names: Sequence[str]) -> Sequence[str]:
        """Return the names of the columns that are read of a file with these columns; none if all are.

        Raises:
            ValueError: If a column is missing.
        """
        return ()

    @abc.abstractmethod
    def of_entries(self, rows: Sequence[Any]) -> Any:
        """Return raw examples of the entries of a text file.

        Args:
            rows: Entries of each row as strings, in the order of `columns`; a string if `is_line`.

        Raises:
            ValueError: If an entry cannot be read.
        """

    @abc.abstractmethod
    def of_values(self, rows: Sequence[Any]) -> Any:
        """Return raw examples of the values of lines of JSON.

        Args:
            rows: Value of each line.

        Raises:
            ValueError: If a value is no example.
        """

    def of_array(self, rows: np.ndarray) -> Any:
        """Return raw examples of the rows of an array, by default the rows themselves."""
        return rows

    def check(self, raw: Any) -> None:  # noqa: B027  (a check that need not be filled in)
        """Raise a ValueError if numbers of an array do not fit into the raw type."""

    def raw_value(self, feature: int, number: float) -> Any:
        """Return a number that the artifact answers for a feature as a user writes it, a JSON value.

        Args:
            feature: Number of the feature, from 0.
            number: Number in the units of the artifact; NaN for a missing entry, which is `None`, as is an
                infinite number, which JSON does not have.
        """
        return float(f"{number:.7g}") if np.isfinite(number) else None

    def raw_spread(self, feature: int, number: float) -> float:
        """Return a standard deviation that the artifact answers for a feature as a user reads it.

        Args:
            feature: Number of the feature, from 0.
            number: Standard deviation in the units of the artifact.
        """
        return float(f"{number:.4g}")

    def entry(self, raw: Any, row: int, feature: int) -> Any:
        """Return an entry of raw examples as it stands there, a JSON value; `None` for a missing one.

        By default it is `None`: what the artifact answers says as much.

        Args:
            raw: Raw examples.
            row: Number of the example, from 0.
            feature: Number of the feature, from 0.
        """
        return None


def feed_of(spec: Spec, facts: dict[str, Any]) -> Feed:
    """Return the feed of the examples of a spec.

    Args:
        spec: Fitted spec of the examples.
        facts: What `Feed.to_dict` returned.
    """
    member: Any = registry.resolve("feed", kind_of(spec).view)
    feed: Feed = member(spec, **facts)
    return feed
