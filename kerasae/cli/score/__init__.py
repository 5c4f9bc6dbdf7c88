"""`kerasae score`: see `_command.py`."""

from kerasae.cli.score._command import command

__all__ = ["command"]
