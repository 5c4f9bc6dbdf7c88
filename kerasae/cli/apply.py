"""`kerasae apply`: a run put to use, one subcommand for each application."""

import ast
import inspect
import json
import re
from pathlib import Path
from typing import Any

import click

from kerasae import registry
from kerasae.backend import import_tensorflow


class _Applications(click.Group):
    """A group whose subcommands are the applications, with the arguments of each as options."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return registry.names("application")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in registry.names("application"):
            return None
        summary, arguments = outline(cmd_name)
        parameters: list[click.Parameter] = [
            click.Argument(["run"], type=click.Path(path_type=Path)),
            click.Argument(["source"], required=False, metavar="[EXAMPLES]"),
            click.Option(
                ["--out"], type=click.Path(path_type=Path), required=True, help="Folder; must not exist."
            ),
            *(
                click.Option([f"--{name.replace('_', '-')}", name], help=text, metavar="VALUE")
                for name, text in arguments.items()
            ),
            click.Option(
                ["--artifact"],
                type=click.Path(path_type=Path),
                help="An exported artifact of RUN in place of its model: a .tflite file, or server/NAME/1.",
            ),
            click.Option(
                ["--refit"],
                is_flag=True,
                help="Fit on the training data again where RUN holds a fitted detector of an earlier use.",
            ),
            click.Option(["--no-baselines"], is_flag=True, help="Leave the baselines out."),
            click.Option(["--json", "as_json"], is_flag=True, help="Print JSON, for machines."),
        ]

        def callback(**values: Any) -> None:
            _apply(cmd_name, **values)

        return click.Command(
            cmd_name,
            params=parameters,
            callback=callback,
            short_help=summary,
            help=f"{summary}\n\nEXAMPLES are a path, or a name; the test split of RUN where none are given.",
        )

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            hint = registry.did_you_mean(args[0], self.list_commands(ctx))
            raise click.UsageError(f"Unknown application {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)


@click.group("apply", cls=_Applications)
def command() -> None:
    """Put a RUN to use: find anomalies, search, fill gaps, compress, and more.

    Each application writes its files and a page into --out, and its part into the page of the run.
    """


def outline(name: str) -> tuple[str, dict[str, str]]:
    """The first line of an application's docstring and a line for each of its arguments.

    Read from the source: importing it would import TensorFlow, for a page of help.
    """
    tree = ast.parse(registry.source_of("application", name).read_text(encoding="utf-8"))
    member = next(
        node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    text = inspect.cleandoc(ast.get_docstring(member) or "")
    start = next(
        node for node in member.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"
    )
    arguments = {}
    for argument, default in zip(start.args.kwonlyargs, start.args.kw_defaults, strict=True):
        described = re.search(rf"^    {argument.arg}: (.+(?:\n {{8}}.+)*)", text, re.MULTILINE)
        words = " ".join(described[1].split()) if described else ""
        shown = "" if default is None else ast.unparse(default).strip("'")
        plain = words.replace("`", "").rstrip(".")
        arguments[argument.arg] = f"{plain[:1].upper()}{plain[1:]}." + (
            f"  [default: {shown}]" if shown else ""
        )
    return text.partition("\n")[0], arguments


def _apply(
    name: str,
    run: Path,
    source: str | None,
    out: Path,
    artifact: Path | None,
    refit: bool,
    no_baselines: bool,
    as_json: bool,
    **given: str | None,
) -> None:
    if not run.is_dir():
        raise FileNotFoundError(f"Expected the folder of a run, found none at {run}.")
    if out.exists():
        raise FileExistsError(
            f"Expected a folder that does not exist yet for --out, received {out}, which is kept as it is; "
            "choose another."
        )
    import_tensorflow()
    from kerasae.applications import apply
    from kerasae.cli._output import console, print_paths, print_table

    settings = {key: _value(text) for key, text in given.items() if text is not None}
    codec = None
    if artifact is not None:
        from kerasae.export import load

        codec = load(artifact, run)
    outcome = apply(
        name, run, out, source=source, codec=codec, baselines=not no_baselines, refit=refit, **settings
    )
    if as_json:
        click.echo(json.dumps(outcome.to_dict(), indent=2))
        return
    print_table(outcome.headings, outcome.table(), f"{name} on {outcome.data}, {outcome.rows:,} rows")
    for _, sentence in outcome.sentences:
        console().print(sentence)
    print_paths(Files=outcome.folder, Page=outcome.folder / "report.html")


def _value(text: str) -> Any:
    """JSON where it is JSON, otherwise a string."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
