"""Comparison: what came of a comparison."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae.data import Data
from kerasae.metrics import Entry
from kerasae.report.paired import counted
from kerasae.workflows.comparison.page import headings, notes, sentences, table_rows
from kerasae.workflows.comparison.plain import to_json


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What came of a comparison.

    Args:
        entries: An entry for each codec, the baselines first.
        data: Data on whose test split they are compared.
        folder: Folder of the page and the runs; `None` where nothing was written.
        logged: Where a user finds the comparison in each tracker, by its name. Defaults to none.
    """

    entries: Sequence[Entry]
    data: Data
    folder: Path | None = None
    logged: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def title(self) -> str:
        """Title of the table."""
        return f"{self.data.name}, {counted(len(self.data.test), 'test row')}"

    @property
    def headings(self) -> list[str]:
        """Headings of the table's columns: one for each figure."""
        return headings(self.entries, self.data)

    def table(self) -> list[list[str]]:
        """Return the rows of the table as text, one for each codec; the best of a column is a `Best`."""
        return table_rows(self.entries, self.data)

    @property
    def sentences(self) -> list[tuple[bool, str]]:
        """What is to be said, each sentence with whether it is good news."""
        return sentences(self.entries, self.data)

    @property
    def notes(self) -> list[str]:
        """How the figures were obtained, in sentences."""
        return notes(self.entries, self.data)

    @property
    def skipped(self) -> Sequence[str]:
        """What could not be read and was left out, one sentence each."""
        return self.data.skipped

    def to_dict(self) -> dict[str, Any]:
        """Return all figures as plain values, for machines."""
        return to_json(self.entries, self.data)
