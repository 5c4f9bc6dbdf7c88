"""`kerasae export`: see `_command.py`."""

from kerasae.cli.export._command import command

__all__ = ["command"]
