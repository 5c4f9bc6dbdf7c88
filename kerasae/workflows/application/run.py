"""apply: an application on a run, compared with its baselines, as files and as a section of the page."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerasae import registry
from kerasae.applications import Application, is_kept
from kerasae.baselines import Baseline, fit_baselines
from kerasae.codec import Codec
from kerasae.data import NO_ROWS, Data, read_examples
from kerasae.files import check_new, new_folder, write_json
from kerasae.kinds import kind_of
from kerasae.progress import work
from kerasae.remote import fetched, warn_of_copy
from kerasae.report import page
from kerasae.runs import Run
from kerasae.spec import Spec
from kerasae.workflows.application.outcome import Outcome
from kerasae.workflows.application.which_rows import of_the_test_split, seen_before, without_unseen


def apply(
    name: str,
    run: Run | str | Path,
    out: str | Path,
    *,
    source: str | None = None,
    artifact: Codec | str | Path | None = None,
    baselines: bool = True,
    refit: bool = False,
    **settings: Any,
) -> Outcome:
    """Use a run for an application: find anomalies, search, fill gaps, compress, and more.

    The files of the application, `figures.json` and `report.html` are written into `out`. The page of the run
    gets a section. What is fitted is stored in the run, and a later call uses it.

    Args:
        name: Name of the application, such as `"anomaly"`.
        run: Run, or its folder.
        out: Folder for the files, which must not exist. It may not be where the run keeps what is fitted.
        source: Examples, as for `load_data`, or one image. Defaults to `None`, the test split of the run.
        artifact: Exported artifact of the run, used in place of its model: a `.tflite` file, a folder
            `server/NAME/1`, or what `export.load` returns. What is fitted for it is not stored. Defaults to
            `None`.
        baselines: Whether to measure the baselines of the same code size too. Defaults to True.
        refit: Whether to fit on the training data again although an earlier use stored a fitted application
            in the run. If the stored one is used with a `source`, the training data are not read, and there
            are no baselines. Defaults to False.
        **settings: Arguments of the application. The others are those of the section `apply` of the recipe,
            or else the defaults.

    Raises:
        FileExistsError: If `out` exists.
        FileNotFoundError: If there is no such run.
        ValueError: If a name or an argument is unknown, `out` is where the run keeps files of its own, the
            examples are of another kind, or the model is not suitable for the application.

    Warns:
        UserWarning: If what is fitted is stored in the copy of a run at an address.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    member: Any = registry.resolve("application", name)
    registry.check(name, member, settings)
    check_new(out)
    _check_outside(run, Path(out))
    model: Any = run.model if artifact is None else _codec_of(artifact, run)
    _check_suitable(name, member, model, run.model.spec)
    if source is not None and member.reads(source):
        return _restore(name, member(model, **settings), fetched(source), Path(out), run)
    place = run.application_folder(name)
    stored: Application | None = None
    anew: list[str] = []
    if artifact is None and not refit and is_kept(place):
        anew = [f"{key}={settings[key]:g}" for key in member.taken_anew if settings.get(key) is not None]
        stored = member.load(place, model, **settings)
        settings = stored.settings() | settings
    else:
        settings = run.recipe.apply.get(name, {}) | settings
    title, data = _examples(run, source, model, fitted=stored is not None)
    refused: dict[str, str] = {}
    if baselines and not len(data.train):
        refused["baselines"] = (
            "they are fitted on the training rows, which this use does not read; --refit measures them."
        )
    application = member(model, **settings) if stored is None else stored
    measured = baselines and not refused
    codecs: dict[str, Any] = _baselines(data, application.compared.latent_dim) if measured else {}
    refused |= {key: reason for key, baseline in codecs.items() if (reason := member.refusal(baseline))}
    total = 2 + len(codecs) + (stored is None)
    with new_folder(Path(out)) as folder, work(f"apply {name}", total=total) as applying:
        if stored is None:
            applying.step("fitting")
            application.fit(data)
        applying.step(f"answering {len(data.test):,} rows")
        finding = application.report(data, folder)
        suited = [key for key in codecs if key not in refused]
        if suited:
            notes = (*finding.notes, *application.notes_on_baselines(data))
            finding = dataclasses.replace(finding, notes=notes)
        findings = {run.recipe.model["name"]: finding}
        for key in suited:
            applying.step(f"comparing with {key}")
            arguments = member.for_baseline(settings, codecs[key])
            findings[key] = member(codecs[key], **arguments).fit(data).report(data, None)
        applying.step("writing the page")
        if codecs:
            findings |= application.beside(data)
        taken = application.taken(data)
        findings = {key: one.in_blocks(taken.test.block, len(taken.test)) for key, one in findings.items()}
        count, unit = len(taken.test), "row" if taken is data else "image"
        counted = getattr(data.test, "counted", "rows") if unit == "row" else "images"
        remarks = (
            [of_the_test_split(data, count, unit)]
            if source is None
            else seen_before(run, source, count, counted)
        )
        remarks += without_unseen(data)
        if len(findings) > 1:
            remarks.append(
                (True, f"The files hold what {next(iter(findings))} answers; the others are to compare.")
            )
        if stored is not None:
            words = f"An earlier use fitted this application and stored it in {place}"
            own = f"; {', '.join(anew)} holds for this use alone" if anew else ""
            remarks.append((True, f"{words}{own}; --refit fits it again."))
        outcome = Outcome(name, title, count, findings, refused, Path(out), remarks, unit)
        write_json(folder / "figures.json", outcome.to_dict())
        page.write(folder / "report.html", _page(outcome, data, run))
    if artifact is None and stored is None:
        application.save(place)
        warn_of_copy(run.folder, "The fitted application is stored")
    _write_section(run, outcome)
    return outcome


def _check_outside(run: Run, out: Path) -> None:
    """Raise ValueError if a folder is among those of the run, which later uses replace."""
    place = out.resolve()
    for name in ("applications", "sections"):
        if place.is_relative_to((run.folder / name).resolve()):
            raise ValueError(
                f"Expected a folder outside {run.folder / name} for --out, received {out}: the run keeps "
                "files of its own there, which replace others; choose another folder."
            )


def _codec_of(artifact: Codec | str | Path, run: Run) -> Codec:
    if not isinstance(artifact, str | Path):
        return artifact
    # Only an artifact needs its runtime.
    from kerasae.export import load

    return load(artifact, run.folder)


def _check_suitable(name: str, member: Any, model: Codec, spec: Spec) -> None:
    """Raise ValueError if an application cannot use these examples or this model."""
    if member.needs_numbers and not kind_of(spec).has_numbers:
        raise ValueError(
            f"The application '{name}' is for examples that hold numbers, received a run on examples of kind "
            f"'{spec.kind}'."
        )
    if reason := member.refusal(model):
        raise ValueError(reason)


def _examples(run: Run, source: str | None, model: Any, fitted: bool) -> tuple[str, Data]:
    """Return the name of the examples, and data that have them as the test split.

    The training data are not read if the examples come from a source and the application is fitted already.
    """
    if source is None:
        return run.data.name, run.data
    spec = run.model.spec
    title, examples = read_examples(source, run.recipe.data, spec)
    if fitted:
        return title, Data(title, spec, NO_ROWS, NO_ROWS, examples, model.preprocessor)
    return title, dataclasses.replace(run.data, test=examples)


def _baselines(data: Data, latent_dim: int) -> dict[str, Baseline]:
    """Return the baselines of a code size, by name."""
    # They are fitted on the training rows only: rows that calibrate the model are held out for all.
    return fit_baselines(latent_dim, dataclasses.replace(data, validation=data.train))


def _restore(name: str, application: Application, source: Path, out: Path, run: Run) -> Outcome:
    """Write the content of a file that an application wrote. The run and its page do not change."""
    with new_folder(out) as folder:
        finding = application.restore(source, folder)
        rows = int(finding.figures["rows"] or 0)
        outcome = Outcome(name, source.name, rows, {run.recipe.model["name"]: finding}, {}, out)
        write_json(folder / "figures.json", outcome.to_dict())
        page.write(folder / "report.html", page.render(outcome.title, str(run.folder), *_parts(outcome)))
    return outcome


def _page(outcome: Outcome, data: Data, run: Run) -> str:
    title, subtitle = outcome.title, f"{run.folder}: {run.recipe.model['name']} on {data.name}."
    return page.render(title, subtitle, *_parts(outcome))


def _write_section(run: Run, outcome: Outcome) -> None:
    folder = run.folder / "sections"
    folder.mkdir(exist_ok=True)
    page.write(folder / f"{outcome.name}.html", page.render_section(outcome.title, *_parts(outcome)))
    if run.report_path.is_file():
        page.replace_sections(run.report_path, page.read_sections(run.folder))


def _parts(outcome: Outcome) -> tuple[Any, ...]:
    finding = next(iter(outcome.findings.values()))
    notes: Sequence[str] = (*finding.notes, *(f"{key}: {reason}" for key, reason in outcome.refused.items()))
    return outcome.headings, outcome.table(), outcome.sentences, finding.pictures, notes, finding.listings
