"""`kerasae export`: a run as artifacts for servers and devices."""

from pathlib import Path
from typing import Any

import click

from kerasae import registry
from kerasae.backend import import_tensorflow
from kerasae.cli._named import RUN
from kerasae.cli._options import log_option
from kerasae.cli._paths import PathOrAddress
from kerasae.cli.export._options import ON_REQUEST, SIZE, formats_on_request, tolerance_option
from kerasae.precisions import PRECISIONS


@click.command("export")
@click.argument("run", type=RUN)
@click.option(
    "--out",
    type=PathOrAddress(),
    required=True,
    help="Folder of the bundle, to which the new version goes if it is one already; or a new s3://bucket/ship.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(registry.names("export")),
    multiple=True,
    help=f"Format to write. Without it, all formats except {', '.join(ON_REQUEST)}. Repeatable.",
)
@formats_on_request
@click.option(
    "--precision",
    "precisions",
    type=click.Choice(PRECISIONS),
    multiple=True,
    help="Precision of the files for devices. Without it, all of them. Repeatable.",
)
@click.option("--name", help="Name of the artifacts. Without it, the name of the folder of RUN.")
@click.option(
    "--size",
    type=SIZE,
    help="Size of the images that the artifacts take, for a model whose code is a map, such as one of the "
    "network spatial. Without it, the size of the training.",
)
@tolerance_option
@log_option
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON.")
def command(
    run: Path,
    out: Path | str,
    tolerance: tuple[tuple[str, float], ...],
    as_json: bool,
    log_to: tuple[str, ...],
    **options: Any,
) -> None:
    """Write RUN as a SavedModel for TensorFlow Serving and as TFLite files for devices.

    Each artifact is loaded by the runtime that clients use, and compared with the model on the test
    split. An artifact that does not agree is left out. If an option asks for it, such as --format or
    --precision, the export fails with exit status 2 and changes nothing. Otherwise the other artifacts
    are written, with a warning and exit status 0.

    \b
    kerasae export runs/vae --out ship
    kerasae export runs/vae --out ship --format tflite --precision int8
    kerasae export runs/denoiser --out ship --size 256x256
    """
    # One thread, so that latencies can be compared. No GPU, so that no operation of a GPU is traced.
    import_tensorflow(threads=1, hide_gpus=True)
    from kerasae import workflows
    from kerasae.cli.export._show import print_exported

    chosen = {key: value or None for key, value in options.items() if key != "also"}
    exported = workflows.export(
        run, out, also=options["also"], tolerance=dict(tolerance) or None, log_to=log_to, **chosen
    )
    print_exported(exported, as_json)
