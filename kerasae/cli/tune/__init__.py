"""`kerasae tune`: see `_command.py`."""

from kerasae.cli.tune._command import command

__all__ = ["command"]
