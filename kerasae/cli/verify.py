"""`kerasae verify`: whether an exported bundle still answers as its model did."""

from pathlib import Path

import click

from kerasae.backend import import_tensorflow


@click.command("verify")
@click.argument("bundle", type=click.Path(path_type=Path))
def command(bundle: Path) -> int:
    """Hold BUNDLE against its checksums, and run its artifacts on the stored inputs.

    Exit status 0 if all agree, 1 if not. `python BUNDLE/verify_edge.py` does it for the files of
    devices where there is no TensorFlow.
    """
    import_tensorflow()
    from kerasae.cli._output import console
    from kerasae.export import verify

    found = verify(bundle)
    terminal = console()
    for line in found.faults:
        terminal.print(f"FAILED  {line}", soft_wrap=True)
    for line in found.notes:
        terminal.print(f"note    {line}", soft_wrap=True)
    verdict = f"{len(found.faults)} faults" if found.faults else "all agree with the model"
    terminal.print(f"{len(found.artifacts)} artifacts run: {verdict}")
    return 1 if found.faults else 0
