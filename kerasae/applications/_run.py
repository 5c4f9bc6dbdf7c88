"""apply: an application on a run, compared with its baselines, as files and as a section of the page."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae import registry
from kerasae.applications._against import Against
from kerasae.applications._base import Application, Finding
from kerasae.applications._kept import is_kept
from kerasae.applications._which_rows import of_the_test_split, seen_before, without_unseen
from kerasae.codec import Codec
from kerasae.data import NO_ROWS, Data, read_examples
from kerasae.files import write_json
from kerasae.metrics import Metric
from kerasae.metrics.evaluation import measures
from kerasae.report import Best, as_text, page
from kerasae.runs import Run, check_new, new_folder


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
    """

    name: str
    data: str
    rows: int
    findings: Mapping[str, Finding]
    refused: Mapping[str, str]
    folder: Path
    remarks: Sequence[tuple[bool, str]] = ()

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
                best = metric is not None and metric.best_of(self._all(column))
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
        return {
            "application": self.name,
            "data": self.data,
            "rows": self.rows,
            "headings": {one.key: one.heading for one in next(iter(self.findings.values())).metrics},
            "figures": {name: finding.figures for name, finding in self.findings.items()},
            "refused": dict(self.refused),
            "against": None if (against := self.against) is None else against.to_dict(),
            "sentences": [sentence for _, sentence in self.sentences],
        }


def apply(
    name: str,
    run: Run | str | Path,
    out: str | Path,
    *,
    source: str | None = None,
    codec: Codec | None = None,
    baselines: bool = True,
    refit: bool = False,
    **settings: Any,
) -> Outcome:
    """Use the model of a run for an application.

    The files of the application, `figures.json` and `report.html` are written into `out`. The page of the run
    gets a section.

    Args:
        name: Name of the application.
        run: Run, or its folder.
        out: Folder for the files, which must not exist.
        source: Examples, as for `load_data`, or one image. Defaults to `None`, the test split of the run.
        codec: Codec used in place of the model of the run, such as an artifact. Defaults to `None`.
        baselines: Whether to measure the baselines of the same code size too. Defaults to True.
        refit: Whether to fit on the training data again although an earlier use stored a fitted application
            in the run. If the stored one is used with a `source`, the training data are not read, and there
            are no baselines. Defaults to False.
        **settings: Arguments of the application.

    Raises:
        FileExistsError: If `out` exists.
        ValueError: If a name or an argument is unknown, the examples are of another kind, or the model is not
            suitable for the application.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    member: Any = registry.resolve("application", name)
    registry.check(name, member, settings)
    check_new(out)
    model: Any = run.model if codec is None else codec
    spec = run.model.spec
    if spec.kind not in member.kinds:
        raise ValueError(
            f"The application '{name}' is for examples of kind {' or '.join(member.kinds)}, received a run "
            f"on examples of kind '{spec.kind}'."
        )
    if reason := member.refusal(model):
        raise ValueError(reason)
    if source is not None and member.reads(source):
        return _restore(name, member(model, **settings), Path(source), Path(out), run)
    kept_in = run.application_folder(name)
    stored: Application | None = None
    if is_kept(kept_in) and not refit and codec is None:
        stored = member.load(kept_in, model, **settings)
    refused: dict[str, str] = {}
    if source is None:
        data, title = run.data, run.data.name
    else:
        title, examples = read_examples(source, run.recipe.data, spec)
        if stored is None:
            data = dataclasses.replace(run.data, test=examples)
        else:
            data = Data(title, spec, NO_ROWS, NO_ROWS, examples, model.preprocessor)
            if baselines:
                refused["baselines"] = "left out, as they are fitted on the training rows; --refit fits all."
                baselines = False
    codecs: dict[str, Any] = {run.recipe.model["name"]: model}
    if baselines:
        # Baselines are fitted on the training rows only: rows that calibrate the model are held out for all.
        fitting = dataclasses.replace(data, validation=data.train)
        codecs |= measures(data).baselines(model.latent_dim, fitting)
    refused |= {
        key: reason for key, member_codec in codecs.items() if (reason := member.refusal(member_codec))
    }
    application: Application
    findings: dict[str, Finding] = {}
    with new_folder(Path(out)) as folder:
        for key, member_codec in codecs.items():
            if key not in refused:
                if member_codec is model and stored is not None:
                    application = stored
                else:
                    arguments = (
                        settings if member_codec is model else member.for_baseline(settings, member_codec)
                    )
                    application = member(member_codec, **arguments).fit(data)
                if not findings:
                    main_application = application
                findings[key] = application.report(data, None if findings else folder)
        remarks = [of_the_test_split(data)] if source is None else seen_before(run, source, len(data.test))
        remarks += without_unseen(data)
        if stored is not None:
            words = f"Nothing was fitted: {kept_in} holds what an earlier use fitted"
            remarks.append((True, f"{words}; --refit fits it again."))
        outcome = Outcome(name, title, len(data.test), findings, refused, Path(out), remarks)
        write_json(folder / "figures.json", outcome.to_dict())
        page.write(folder / "report.html", _page(outcome, data, run))
    if codec is None and stored is None and type(main_application).state is not Application.state:
        main_application.save(kept_in)
    _write_section(run, outcome)
    return outcome


def _restore(name: str, application: Application, source: Path, out: Path, run: Run) -> Outcome:
    """Write the content of a file that an application wrote. The run and its page do not change."""
    with new_folder(out) as folder:
        finding = application.restore(source, folder)
        rows = int(finding.figures["rows"] or 0)
        outcome = Outcome(name, source.name, rows, {run.recipe.model["name"]: finding}, {}, out)
        write_json(folder / "figures.json", outcome.to_dict())
        page.write(folder / "report.html", page.render(_title(outcome), str(run.folder), *_parts(outcome)))
    return outcome


def _page(outcome: Outcome, data: Data, run: Run) -> str:
    title, subtitle = _title(outcome), f"{run.folder}: {run.recipe.model['name']} on {data.name}."
    return page.render(title, subtitle, *_parts(outcome))


def _write_section(run: Run, outcome: Outcome) -> None:
    folder = run.folder / "sections"
    folder.mkdir(exist_ok=True)
    page.write(folder / f"{outcome.name}.html", page.render_section(_title(outcome), *_parts(outcome)))
    if run.report_path.is_file():
        page.replace_sections(run.report_path, page.read_sections(run.folder))


def _title(outcome: Outcome) -> str:
    words = outcome.name.replace("_", " ").capitalize()
    return f"{words}: {outcome.data}, {outcome.rows:,} row{'s' * (outcome.rows != 1)}"


def _parts(outcome: Outcome) -> tuple[Any, ...]:
    finding = next(iter(outcome.findings.values()))
    notes: Sequence[str] = (*finding.notes, *(f"{key}: {reason}" for key, reason in outcome.refused.items()))
    return outcome.headings, outcome.table(), outcome.sentences, finding.pictures, notes, finding.listings
