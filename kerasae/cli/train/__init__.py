"""`kerasae train`: see `_command.py`."""

from kerasae.cli.train._command import command

__all__ = ["command"]
