"""`kerasae compare`: see `_command.py`."""

from kerasae.cli.compare._command import command

__all__ = ["command"]
