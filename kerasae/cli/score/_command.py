"""`kerasae score`: rows of a file or a pipe, scored with an exported bundle, without TensorFlow."""

from pathlib import Path
from typing import Any

import click

from kerasae.cli._paths import PathOrAddress
from kerasae.precisions import PRECISIONS

_FORMATS = ("json", "csv")


@click.command("score", short_help="Score rows of a file or a pipe with a bundle, without TensorFlow.")
@click.argument("bundle", type=PathOrAddress())
@click.argument("source", metavar="FILE|-")
@click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    default="float32",
    show_default=True,
    help="Precision of the file that scores.",
)
@click.option(
    "--false-alarms",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of new normal rows that may be flagged. Without it, the threshold of BUNDLE decides.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="json",
    show_default=True,
    help="Form of the answers: a line of JSON for each row, or CSV with a line of names.",
)
@click.option(
    "--on-error",
    type=click.Choice(["raise", "skip"]),
    default="raise",
    show_default=True,
    help="Whether a row that cannot be read is an error, or is named on the error stream and left out.",
)
def command(bundle: Path | str, source: str, form: str, **options: Any) -> None:
    """Score the rows of FILE with BUNDLE through LiteRT, one answer a line as the rows come.

    FILE is a CSV file, lines of JSON, lines of text, a .npy file, an image, or a folder of images; - stands
    for lines of CSV, JSON or text on the standard input. Columns are found by name. BUNDLE may also be one
    of its .tflite files. Both may be addresses, such as s3://bucket/ship.

    If the model was trained on crops of images (data.crop), an image is not resized: crops cover it, and the
    oddest one answers, with its first pixel (crop_row, crop_column).

    A row of a sensor log is one reading of all channels, with or without its time. Each is answered for the
    window that it ends; until the first whole window the answer counts what is missing (warming_up).

    \b
    kerasae score ship new.csv
    tail -f readings.jsonl | kerasae score ship - --on-error skip
    """
    from kerasae.cli._results import results
    from kerasae.cli.score._show import counted, csv_lines, json_lines, say
    from kerasae.workflows import score

    write = json_lines if form == "json" else csv_lines()
    answers = score(bundle, source, skipped=say, **options)
    # A pipe has no end, and a terminal shows the answers themselves.
    for answer in answers if source == "-" or results().isatty() else counted(answers):
        write(answer)
        results().flush()
