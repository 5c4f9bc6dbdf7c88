"""`kerasae export`: a run as artifacts for servers and devices."""

import json
from pathlib import Path
from typing import Any

import click

from kerasae import registry
from kerasae.backend import import_tensorflow

_PRECISIONS = ("float32", "float16", "dynamic", "int8")


@click.command("export")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the bundle; where it is one, the next version goes beside the old.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(registry.names("export")),
    multiple=True,
    help="What to write; by default all but tiny and trainable. Repeatable.",
)
@click.option(
    "--tiny",
    "also",
    flag_value="tiny",
    multiple=True,
    help="Also int8 files for microcontrollers, with a C array and a test vector each.",
)
@click.option(
    "--trainable",
    "also",
    flag_value="trainable",
    multiple=True,
    help="Also a file that goes on learning on the device; for dense networks over images and vectors.",
)
@click.option(
    "--precision",
    "precisions",
    type=click.Choice(_PRECISIONS),
    multiple=True,
    help="Of the files for devices; all by default. Repeatable.",
)
@click.option("--name", help="Of the model; that of the run's folder by default.")
@click.option(
    "--tolerance",
    "changed",
    multiple=True,
    metavar="MEASURE=VALUE",
    help="What an artifact may differ by: max_deviation, mean_deviation, agreement, error_ratio, "
    "score_shift, rank_correlation, decisions. Repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the manifest, for machines.")
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

    Every artifact is loaded by the runtime that will run it and compared with the model on the
    test split; one that does not agree is left out. If --format, --precision, --tiny or --trainable
    asks for it, the export fails: exit status 2, and nothing is changed. Otherwise the others are
    written, with a warning: exit status 0.

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
        found = summary(artifact.parity.to_dict())
        cells = [f"{found[key]:.3g}" if key in found else "–" for key in columns]
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
