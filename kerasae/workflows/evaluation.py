"""evaluate: the figures of a finished run on its test split, beside PCA of the same size."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from kerasae.files import read_json
from kerasae.models import VariationalAutoencoder
from kerasae.remote import origin, warn_of_copy
from kerasae.report.paired import counted
from kerasae.runs import Run
from kerasae.trackers import RunLog, Tracker, check_trackers
from kerasae.workflows.comparison.page import write_report
from kerasae.workflows.comparison.runs import entries_of

#: Cell of a figure that is not known.
_NONE = "–"


@dataclasses.dataclass(frozen=True)
class Likelihood:
    """How likely the test rows are under a variational model.

    Args:
        nll: Mean negative log-likelihood of a test row, in `unit`; the true one is at most this.
        unit: Unit of the figure, in words.
        samples: Number of importance samples for each row.
        rows: Number of test rows.
    """

    nll: float
    unit: str
    samples: int
    rows: int

    @property
    def sentence(self) -> str:
        """The figure in words."""
        return (
            f"Negative log-likelihood: {self.nll:.5g} {self.unit}, at most: the mean of {self.rows:,} test "
            f"rows, {self.samples:,} importance samples each."
        )


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What came of an evaluation.

    Args:
        figures: Content of the run's `metrics.json`: an entry for each codec, the baselines first,
            verdicts and remarks.
        likelihood: Likelihood of the test rows, where it was asked for.
        logged: Where a user finds the run in each tracker, by its name. Defaults to none.
    """

    figures: Mapping[str, Any]
    likelihood: Likelihood | None = None
    logged: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def title(self) -> str:
        """Title of the table."""
        return f"{self.figures['data']}, {counted(self.figures['test_rows'], 'test row')}"

    @property
    def headings(self) -> list[str]:
        """Headings of the table's columns: one for each codec."""
        return ["", *(entry["name"] for entry in self.figures["entries"])]

    def table(self) -> list[list[str]]:
        """Return the rows of the table as text: one for each figure that any codec has."""
        columns = {key: text for key, text in self.figures["columns"].items() if key != "seconds"}
        rows = [
            [heading, *(_cell(entry["seeds"][0].get(key)) for entry in self.figures["entries"])]
            for key, heading in {**columns, "latent_dim": "code size"}.items()
        ]
        return [row for row in rows if {*row[1:]} != {_NONE}]

    @property
    def sentences(self) -> list[str]:
        """What is to be said: whether the model beats PCA, remarks, and how likely the test rows are."""
        likelihood = [] if self.likelihood is None else [self.likelihood.sentence]
        return [*self.figures["verdicts"], *self.figures["remarks"], *likelihood]

    def to_dict(self) -> dict[str, Any]:
        """Return all figures as plain values, for machines."""
        more = {} if self.likelihood is None else {"likelihood": dataclasses.asdict(self.likelihood)}
        return {**self.figures, **more}


def _cell(value: Any) -> str:
    return _NONE if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.5f}"


def evaluate(
    run: Run | str | Path,
    *,
    likelihood: Literal["x", "raw", "bits"] | None = None,
    samples: int = 100,
    log_to: Sequence[str | Tracker] = (),
) -> Evaluation:
    """Evaluate a finished run on its test split, with PCA of the same size beside it.

    Writes `metrics.json` and `report.html` into the run.

    Args:
        run: A run, or its folder.
        likelihood: Unit in which the negative log-likelihood of the test rows is worked out too: nats of `x`
            (the scaled data), nats of `raw` units, or `bits` per number of raw units. Defaults to none.
        samples: Number of importance samples for each row of the likelihood. Defaults to 100.
        log_to: Trackers into which the run is logged, as for `train`. A run that was logged before gets the
            new figures and the new page. Defaults to none.

    Raises:
        FileNotFoundError: If the folder holds no finished run.
        ImportError: If a tracker is not installed.
        OSError: If a tracker cannot be reached.
        ValueError: If a likelihood is asked for that the model does not have.

    Warns:
        UserWarning: If the run is the copy of one at an address.
    """
    trackers = check_trackers(log_to)
    run = run if isinstance(run, Run) else Run.open(run)
    likely = None if likelihood is None else _likelihood(run, likelihood, samples)
    entries, data = entries_of([run])
    name = run.recipe.model["name"]
    entries[-1] = dataclasses.replace(entries[-1], name=name, title=name)
    write_report(run.folder, entries, data, f"{name} on {data.name}", model=run.model)
    warn_of_copy(run.folder, "metrics.json and report.html are written")
    if not trackers:
        return Evaluation(read_json(run.metrics_path), likely)
    log = RunLog(trackers, run.folder, origin(run.folder))
    log.finish(run)
    return Evaluation(read_json(run.metrics_path), likely, log.places)


def _likelihood(run: Run, unit: Literal["x", "raw", "bits"], samples: int) -> Likelihood:
    model = run.model
    if not isinstance(model, VariationalAutoencoder):
        raise ValueError(
            f"Expected a variational model for --likelihood, received {run.recipe.model['name']} in "
            f"{run.folder}: only a variational model has a likelihood of examples."
        )
    rows = run.data.test.examples
    mean = float(model.nll(rows, samples, unit=unit).mean())
    return Likelihood(mean, model.nll_unit(unit), samples, len(rows))
