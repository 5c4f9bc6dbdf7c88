"""`kerasae apply`: a run put to use, one subcommand for each application."""

import functools
import json
from pathlib import Path
from typing import Any

import click

from kerasae import registry
from kerasae.backend import import_tensorflow
from kerasae.cli._named import RUN, Source
from kerasae.cli._options import Argument, argument_of, declared_by_all, outline
from kerasae.cli._paths import NewFolder
from kerasae.cli._room import Room

_SHORT = "Use a run: find anomalies, fill gaps, search, compress, and more."
_LOADS = " or ".join(declared_by_all("export", "loads").values())
_ARTIFACT = f"Exported artifact of RUN, used in place of its model: {_LOADS}."


def _command(name: str) -> click.Command:
    """The command of an application, with its arguments as options."""
    summary, arguments = outline(registry.source_of("application", name))
    parameters: list[click.Parameter] = [
        click.Argument(["run"], type=RUN),
        click.Argument(["source"], type=Source(), required=False, metavar="[EXAMPLES]"),
        click.Option(["--out"], type=NewFolder(), required=True, help="Folder for the files, a new one."),
        *map(_option, arguments),
        click.Option(["--artifact"], type=click.Path(path_type=Path), help=_ARTIFACT),
        click.Option(["--refit"], is_flag=True, help="Fit again, although RUN holds a fitted one."),
        click.Option(["--no-baselines"], is_flag=True, help="Leave the baselines out."),
        click.Option(["--json", "as_json"], is_flag=True, help="JSON in place of a table, for machines."),
    ]
    return click.Command(
        name,
        params=parameters,
        callback=functools.partial(_apply, name),
        short_help=summary,
        help=f"{summary}\n\nEXAMPLES is a path or a name. Without it, the test split of RUN is used.",
    )


def _option(argument: Argument) -> click.Option:
    flag = f"--{argument.name.replace('_', '-')}"
    return click.Option([flag, argument.name], help=argument.help, metavar=argument.metavar)


@click.group("apply", cls=Room, room="application", make=_command, short_help=_SHORT)
def command() -> None:
    """Use a RUN: find anomalies, search, fill gaps, compress, and more.

    Each application writes its files and a page into --out, and its part into the page of the run.
    """


def _apply(name: str, run: Path, out: Path, no_baselines: bool, as_json: bool, **values: Any) -> None:
    import_tensorflow()
    from kerasae.cli._output import console, print_paths, print_table
    from kerasae.cli._results import echo
    from kerasae.workflows import apply

    common = {key: values.pop(key) for key in ("source", "artifact", "refit")}
    hints = registry.annotations(registry.resolve("application", name))
    settings = {
        key: argument_of(text, hints.get(key, Any)) for key, text in values.items() if text is not None
    }
    outcome = apply(name, run, out, baselines=not no_baselines, **common, **settings)
    if as_json:
        echo(json.dumps(outcome.to_dict(), indent=2))
        return
    print_table(outcome.headings, outcome.table(), outcome.title)
    for _, sentence in outcome.sentences:
        console().print(sentence)
    print_paths(Files=outcome.folder, Page=outcome.folder / "report.html")
