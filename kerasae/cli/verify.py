"""`kerasae verify`: whether an exported bundle still answers as its model did."""

from pathlib import Path

import click

from kerasae.backend import import_tensorflow
from kerasae.cli._named import BUNDLE


@click.command("verify")
@click.argument("bundle", type=BUNDLE)
def command(bundle: Path | str) -> int:
    """Compare the files of BUNDLE with their checksums, and its artifacts with the stored answers.

    BUNDLE is a folder, or an address such as s3://bucket/ship.
    Exit status 0 if all agree, 1 if not. Without TensorFlow, `python BUNDLE/verify_edge.py` verifies the
    files for devices.
    """
    import_tensorflow()
    from kerasae.cli._output import console
    from kerasae.workflows import verify

    verdict = verify(bundle)
    terminal = console()
    for line in verdict.faults:
        terminal.print(f"FAILED  {line}", soft_wrap=True)
    for line in verdict.notes:
        terminal.print(f"note    {line}", soft_wrap=True)
    terminal.print(verdict.sentence)
    return 1 if verdict.faults else 0
