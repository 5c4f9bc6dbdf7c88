"""Outcome: what an application found for a model and its baselines, as a table, sentences and JSON."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae.applications import Finding
from kerasae.files import numbered
from kerasae.metrics import Metric
from kerasae.report import Best, as_text
from kerasae.report.paired import counted
from kerasae.workflows.application.against import Against

#: Number of the format of `figures.json`.
FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Result of an application and of its baselines.

    Args:
        name: Name of the application.
        data: Name of the examples, for titles.
        rows: Number of examples.
        findings: Findings by codec, that of the run first.
        refused: Reason why a baseline has no figures, by its name.
        folder: Folder of the files.
        remarks: Sentences on which rows these are, each with whether it is good news.
        unit: Word for an example. Defaults to `"row"`.
    """

    name: str
    data: str
    rows: int
    findings: Mapping[str, Finding]
    refused: Mapping[str, str]
    folder: Path
    remarks: Sequence[tuple[bool, str]] = ()
    unit: str = "row"

    @property
    def title(self) -> str:
        """Title of the table and of the section: the application, the data, and the number of examples."""
        return f"{self.name.replace('_', ' ').capitalize()}: {self.data}, {counted(self.rows, self.unit)}"

    @property
    def columns(self) -> list[Metric]:
        """Metrics of the run that at least one codec has, in order."""
        finding, *_ = self.findings.values()
        return [
            column for column in finding.metrics if any(one.value is not None for one in self._all(column))
        ]

    @property
    def headings(self) -> list[str]:
        """Headings of the columns of the table."""
        return ["", *(column.heading for column in self.columns)]

    def table(self) -> list[list[str]]:
        """Return the rows of the table as text; the best value of a column is a `Best`."""
        rows = []
        for name, finding in self.findings.items():
            cells = []
            for column in self.columns:
                metric = finding.metric(column.key)
                value = None if metric is None else metric.value
                cell = f"{value:,}" if isinstance(value, int) else as_text(value)
                # The run decides whether a column can have a best value.
                directed = None if metric is None else dataclasses.replace(metric, lower=column.lower)
                best = directed is not None and directed.best_of(self._all(column))
                cells.append(Best(cell) if best else cell)
            rows.append([name, *cells])
        return rows

    def _all(self, column: Metric) -> list[Metric]:
        metrics = (finding.metric(column.key) for finding in self.findings.values())
        return [metric for metric in metrics if metric is not None]

    @property
    def sentences(self) -> list[tuple[bool, str]]:
        """Sentences, each with whether it is good news; the comparison with the baselines is last."""
        finding, *_ = self.findings.values()
        against = self.against
        return [
            *self.remarks,
            *finding.sentences,
            *([] if against is None else [(against.good, against.sentence)]),
        ]

    @property
    def against(self) -> Against | None:
        """Comparison of the model with the best baseline; `None` if there is nothing to compare."""
        return Against.of(self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON types."""
        values = {
            "application": self.name,
            "data": self.data,
            "rows": self.rows,
            "headings": {one.key: one.heading for one in next(iter(self.findings.values())).metrics},
            "figures": {name: finding.figures for name, finding in self.findings.items()},
            "refused": dict(self.refused),
            "against": None if (against := self.against) is None else against.to_dict(),
            "sentences": [sentence for _, sentence in self.sentences],
        }
        return numbered(values, FORMAT)
