"""`kerasae compare`: the families beside each other and PCA, or finished runs."""

import json
from pathlib import Path
from typing import Any

import click

from kerasae.backend import import_tensorflow
from kerasae.cli._options import make_recipe, recipe_options


@click.command("compare")
@click.argument("sources", nargs=-1, required=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for the page and the runs; a comparison that was interrupted goes on.",
)
@click.option("--models", help="Families to train, separated by commas; all by default.")
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Trainings of each family.",
)
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Trainings at a time; by default one for each core, at most 4."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
@recipe_options(model=False)
def command(
    sources: tuple[str, ...],
    settings: dict[str, Any],
    recipe_path: Path | None,
    out: Path | None,
    models: str | None,
    seeds: int,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Train every family on a source, or compare finished RUNS, with PCA of the same size.

    \b
    kerasae compare digits --out runs/first
    kerasae compare runs/a runs/b
    """
    import_tensorflow()
    from kerasae.runs import check_new

    finished = [source for source in sources if (Path(source) / "recipe.json").is_file()]
    if finished and len(finished) == len(sources):
        if settings or models or recipe_path:
            raise click.UsageError(
                "Finished runs are compared as they are; expected no options but --out and --json."
            )
        if out is not None:
            check_new(out)
        _compare_runs([Path(source) for source in sources], out, as_json)
    elif len(sources) > 1:
        missing = next(source for source in sources if source not in finished)
        raise click.UsageError(
            f"Expected one source, or finished runs, received {len(sources)} arguments of which "
            f"{missing!r} is no finished run."
        )
    else:
        _compare_families(make_recipe(sources[0], settings, recipe_path), models, seeds, jobs, out, as_json)


def _compare_runs(folders: list[Path], out: Path | None, as_json: bool) -> None:
    from kerasae.runs import Run, new_folder
    from kerasae.workflows.comparison.families import compare_runs
    from kerasae.workflows.comparison.page import write_report

    entries, data = compare_runs([Run.open(folder) for folder in folders])
    if out is not None:
        with new_folder(out) as folder:
            write_report(folder, entries, data, f"Runs on {data.name}")
    _show(entries, data, out, as_json)


def _compare_families(
    recipe: Any, models: str | None, seeds: int, jobs: int | None, out: Path | None, as_json: bool
) -> None:
    from kerasae import registry
    from kerasae.cli._output import console, print_readings, progress_bar
    from kerasae.workflows.comparison.families import compare_families
    from kerasae.workflows.comparison.folder import ComparisonFolder
    from kerasae.workflows.comparison.page import write_report

    usual = ["undercomplete", "sparse", "contractive", "denoising", "variational"]
    known = registry.names("model")
    families = (
        [name.strip() for name in models.split(",")]
        if models
        else sorted(known, key=lambda name: (usual.index(name) if name in usual else len(usual), name))
    )
    first = recipe.train.get("seed", 0)
    total, done = len(families) * seeds, 0
    folder = None if out is None else ComparisonFolder(out, first)

    def say_columns(data: Any) -> None:
        if not as_json:
            bar.stop()
            print_readings(data)
            bar.start()

    with progress_bar() as bar:
        everything = bar.add_task("all trainings", total=total, state="starting")
        tasks: dict[tuple[str, int], Any] = {}

        def progress(family: str, seed: int, epoch: int, loss: float) -> None:
            nonlocal done
            if epoch == 0:
                done += 1
                bar.update(everything, completed=done, state=f"{done} of {total} done")
                if (family, seed) in tasks:
                    bar.remove_task(tasks.pop((family, seed)))
                return
            if (family, seed) not in tasks:
                tasks[family, seed] = bar.add_task(f"{family}, seed {seed}", total=None, state="")
            state = f"epoch {epoch}, validation loss {loss:.4g}"
            bar.update(tasks[family, seed], state=state)

        try:
            entries, data = compare_families(
                recipe,
                families,
                range(first, first + seeds),
                folder=folder,
                jobs=jobs,
                progress=progress,
                on_data=say_columns,
            )
            if folder is not None:
                names = [entry.name.replace("pca", "PCA") for entry in entries if entry.baseline]
                title = f"Autoencoders beside {', '.join(names)} on {data.name}"
                write_report(folder.path, entries, data, title)
                folder.complete()
        except BaseException:
            if folder is not None and (kept := folder.give_up()):
                console(stderr=True).print(
                    f"Kept {kept} finished training{'s' * (kept != 1)} in {folder.path}; the same command "
                    "goes on, also with other --models or --seeds.",
                    soft_wrap=True,
                )
            raise
    _show(entries, data, out, as_json)


def _show(entries: Any, data: Any, out: Path | None, as_json: bool) -> None:
    from kerasae.cli._output import console, print_paths, print_skipped, print_table
    from kerasae.evaluation.compare import to_json, verdicts
    from kerasae.workflows.comparison.page import headings, notes, table_rows

    if as_json:
        click.echo(json.dumps(to_json(entries, data), indent=2))
        return
    print_table(headings(data), table_rows(entries, data), f"{data.name}, {len(data.test)} test rows")
    terminal = console()
    for _, sentence in verdicts(entries, data):
        terminal.print(sentence)
    terminal.print(" ".join(notes(entries, data)), style="dim")
    print_skipped(data.skipped)
    if out is not None:
        print_paths(Page=out / "report.html")
