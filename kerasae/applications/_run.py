"""apply: an application on a run, with its baselines, as files and as a part of the page."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae import registry
from kerasae.applications._against import Against
from kerasae.applications._base import Application, Finding
from kerasae.applications._which_rows import of_the_test_split, seen_before, without_unseen
from kerasae.codec import Codec
from kerasae.data import NO_ROWS, Data, read_examples
from kerasae.evaluation.metrics import measures
from kerasae.files import write_json
from kerasae.report import Best, as_text, page
from kerasae.runs import Run, check_new, new_folder


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of an application.

    Args:
        name: of the application.
        data: of the examples, a name for titles.
        rows: how many there were.
        findings: by codec, the run's own first.
        refused: why a baseline has no figures, by its name.
        folder: where the files lie.
        decisive: beginnings of the heading by which codecs are compared.
        remarks: Sentences on which rows these are, each with whether it is good news.
    """

    name: str
    data: str
    rows: int
    findings: Mapping[str, Finding]
    refused: Mapping[str, str]
    folder: Path
    decisive: Sequence[str] = ()
    remarks: Sequence[tuple[bool, str]] = ()

    @property
    def keys(self) -> list[str]:
        """The figures that at least one codec has, in order."""
        given = next(iter(self.findings.values())).figures
        return [key for key in given if any(f.figures.get(key) is not None for f in self.findings.values())]

    @property
    def headings(self) -> list[str]:
        """Of the table's columns."""
        return ["", *self.keys]

    def table(self) -> list[list[str]]:
        """Its rows as text; the best of a column is a `Best`."""
        rows = []
        for name, finding in self.findings.items():
            cells = []
            for key in self.keys:
                value = finding.figures.get(key)
                lower = finding.better.get(key)
                values = [other.figures.get(key) for other in self.findings.values()]
                known = [one for one in values if isinstance(one, int | float)]
                best = None if lower is None or len({*known}) < 2 else (min if lower else max)(known)
                cell = f"{value:,}" if isinstance(value, int) else as_text(value)
                cells.append(Best(cell) if value is not None and value == best else cell)
            rows.append([name, *cells])
        return rows

    @property
    def sentences(self) -> list[tuple[bool, str]]:
        """What is to be said, each with whether it is good news; at the end how the baselines do."""
        own, *_ = self.findings.values()
        against = self.against
        return [
            *self.remarks,
            *own.sentences,
            *([] if against is None else [(against.good, against.sentence)]),
        ]

    @property
    def against(self) -> Against | None:
        """The model beside the best baseline; `None` where there is nothing to compare."""
        return Against.of(self.findings, self.deciding)

    @property
    def deciding(self) -> str | None:
        """The heading of the figure by which codecs are compared; `None` where the model has none."""
        own = next(iter(self.findings.values())).figures
        named = (key for wanted in self.decisive for key in own if key.startswith(wanted))
        return next((key for key in named if isinstance(own[key], int | float)), None)

    def to_dict(self) -> dict[str, Any]:
        """For machines."""
        return {
            "application": self.name,
            "data": self.data,
            "rows": self.rows,
            "figures": {name: dict(finding.figures) for name, finding in self.findings.items()},
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
    """Uses the model of a run for an application.

    Writes into `out` what the application gives to a user, `figures.json` and `report.html`, and
    into the run a section of its page.

    Args:
        name: of the application.
        run: a run or its folder.
        out: a folder that does not exist yet.
        source: the examples to work on, as for `load_data`, or one image; the test split of the run
            where none is given.
        codec: in place of the run's model: an artifact of it, for example.
        baselines: whether the baselines of this code size are measured beside it.
        refit: Whether to fit on the training data again where an earlier use left a fitted application in
            the run. By default the stored one decides. With `source` the training data are then not
            read, so that there are no baselines.
        **settings: arguments of the application's own.

    Raises:
        FileExistsError: if `out` exists.
        ValueError: for an unknown name or argument, examples of another kind, or a model that cannot
            be used for this.
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
    stored = None if refit or codec is not None else member.kept(run, model, settings)
    refused: dict[str, str] = {}
    if source is None:
        data, title = run.data, run.data.name
    else:
        title, given = read_examples(source, run.recipe.data, spec)
        if stored is None:
            data = dataclasses.replace(run.data, test=given)
        else:
            data = Data(title, spec, NO_ROWS, NO_ROWS, given, model.preprocessor)
            if baselines:
                refused["baselines"] = "left out, as they are fitted on the training rows; --refit fits all."
                baselines = False
    codecs: dict[str, Any] = {run.recipe.model["name"]: model}
    if baselines:
        # Fitted on the training rows alone: what is found from held-out rows must be so for all.
        seen = dataclasses.replace(data, validation=data.train)
        codecs |= measures(data).baselines(model.latent_dim, seen)
    refused |= {key: reason for key, one in codecs.items() if (reason := member.refusal(one))}
    findings: dict[str, Finding] = {}
    with new_folder(Path(out)) as folder:
        for key, one in codecs.items():
            if key not in refused:
                application: Application
                if one is model and stored is not None:
                    application = stored
                else:
                    arguments = settings if one is model else member.for_baseline(settings, one)
                    application = member(one, **arguments).fit(data)
                if not findings:
                    own = application
                findings[key] = application.report(data, None if findings else folder)
        remarks = [of_the_test_split(data)] if source is None else seen_before(run, source, len(data.test))
        remarks += without_unseen(data)
        outcome = Outcome(name, title, len(data.test), findings, refused, Path(out), member.decisive, remarks)
        write_json(folder / "figures.json", outcome.to_dict())
        page.write(folder / "report.html", _page(outcome, data, run))
    if codec is None and stored is None:
        own.keep(run)
    _write_section(run, outcome)
    return outcome


def _restore(name: str, application: Application, source: Path, out: Path, run: Run) -> Outcome:
    """What is in a file that an application wrote; the run and its page stay as they are."""
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
    own = next(iter(outcome.findings.values()))
    notes: Sequence[str] = (*own.notes, *(f"{key}: {reason}" for key, reason in outcome.refused.items()))
    return outcome.headings, outcome.table(), outcome.sentences, own.pictures, notes, own.listings
