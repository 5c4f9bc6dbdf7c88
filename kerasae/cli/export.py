"""`kerasae export`: a run as artifacts for servers and devices."""

import ast
import json
from pathlib import Path
from typing import Any

import click

from kerasae import registry
from kerasae.backend import import_tensorflow
from kerasae.precisions import PRECISIONS


def _declared(name: str, attribute: str, default: Any) -> Any:
    """Return a class attribute of a format, or a default if the format does not set it.

    Read from the source: importing it would import TensorFlow, for a page of help.
    """
    tree = ast.parse(registry.source_of("export", name).read_text(encoding="utf-8"))
    for member in tree.body:
        if isinstance(member, ast.ClassDef) and not member.name.startswith("_"):
            for node in member.body:
                if isinstance(node, ast.Assign) and attribute in map(ast.unparse, node.targets):
                    return ast.literal_eval(node.value)
    return default


_FORMATS = registry.names("export")
#: Help text by format that is written on request.
_ON_REQUEST = {name: text for name in _FORMATS if (text := _declared(name, "on_request", ""))}


def _options_on_request(function: Any) -> Any:
    """Add an option for each format that is written on request: `--tiny`, `--trainable`."""
    for name, text in reversed(_ON_REQUEST.items()):
        option = f"--{name.replace('_', '-')}"
        function = click.option(option, "also", flag_value=name, multiple=True, help=text)(function)
    return function


@click.command("export")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the bundle. In an existing bundle, the next version goes beside the old one.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(_FORMATS),
    multiple=True,
    help=f"Format to write; by default all but {', '.join(_ON_REQUEST)}. Repeatable.",
)
@_options_on_request
@click.option(
    "--precision",
    "precisions",
    type=click.Choice(PRECISIONS),
    multiple=True,
    help="Precision of the files for devices; by default all. Repeatable.",
)
@click.option("--name", help="Name of the model; by default that of the run's folder.")
@click.option(
    "--tolerance",
    "changed",
    multiple=True,
    metavar="MEASURE=VALUE",
    help="Bound on a difference between artifact and model: max_deviation, mean_deviation, agreement, "
    "error_ratio, score_shift, rank_correlation or decisions. Repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON.")
def command(
    run: Path,
    out: Path,
    formats: tuple[str, ...],
    also: tuple[str, ...],
    precisions: tuple[str, ...],
    name: str | None,
    changed: tuple[str, ...],
    as_json: bool,
) -> None:
    """Write RUN as a SavedModel for TensorFlow Serving and as TFLite files for devices.

    Every artifact is loaded by the runtime that will run it, and compared with the model on the
    test split. One that does not agree is left out. If an option asks for it, such as --format or
    --precision, the export fails with exit status 2 and changes nothing. Otherwise the others are
    written, with a warning and exit status 0.

    \b
    kerasae export runs/vae --out ship
    kerasae export runs/vae --out ship --format tflite --precision int8
    kerasae verify ship
    """
    tolerance = dict(_parse(one) for one in changed)
    # One thread, so that the times of a call can be compared; no GPU, so that none is traced for.
    import_tensorflow(threads=1, hide_gpus=True)
    from kerasae.export import bundle

    with _status(as_json):
        written = bundle(
            run,
            out,
            formats=formats or None,
            also=also,
            precisions=precisions or None,
            name=name,
            tolerance=tolerance or None,
        )
    if as_json:
        click.echo((out / "manifest.json").read_text(encoding="utf-8").rstrip())
        return
    _show(written, out)


def _parse(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError:
        raise click.UsageError(f"Expected --tolerance MEASURE=NUMBER, received {text!r}.") from None


def _status(as_json: bool) -> Any:
    from contextlib import nullcontext

    from kerasae.cli._output import console

    terminal = console(stderr=True)
    return (
        nullcontext() if as_json or not terminal.is_terminal else terminal.status("exporting and comparing")
    )


def _show(written: Any, out: Path) -> None:
    from kerasae.cli._output import console, print_paths, print_table, typed
    from kerasae.export.bundles.card import summary

    columns = ("max_deviation", "mean_deviation", "agreement", "error_ratio", "rank_correlation", "decisions")
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    paths = [one["path"] for one in manifest["artifacts"]][-len(written) :]
    rows = []
    for artifact, path in zip(written, paths, strict=True):
        measures = summary(artifact.parity.to_dict())
        cells = [f"{measures[key]:.3g}" if key in measures else "–" for key in columns]
        rows.append([path, f"{artifact.facts['bytes']:,}", f"{artifact.facts['latency_ms']:.3f}", *cells])
    headings = [
        "artifact",
        "bytes",
        "ms",
        "max dev.",
        "mean dev.",
        "agreement",
        "error ratio",
        "rank corr.",
        "decisions",
    ]
    print_table(headings, rows, f"{manifest['name']}: agreement with the model on held-out examples")
    console().print(
        "Deviations in units of x, of standard deviations of codes and scores, or in nats of x; ms: median "
        f"of one row on one thread, the Keras call took {manifest['model']['keras_call_ms']:.2f}.",
        style="dim",
    )
    print_paths(Bundle=out, Card=out / "README.md")
    console().print(f"{typed('kerasae', 'verify', out)} repeats the comparison", soft_wrap=True)
