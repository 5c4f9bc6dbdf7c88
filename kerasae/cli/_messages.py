"""Errors and warnings on the error stream, one line each."""

import sys
from collections.abc import Callable
from typing import Any

import click

from kerasae.cli._streams import say


def fail(message: str) -> None:
    """Show an error and exit with status 2."""
    click.echo(f"kerasae: {one_line(message)}", err=True)
    sys.exit(2)


def one_line_each() -> Callable[..., None]:
    """Return what shows a warning as a user reads it: one line, once, without the place in the code.

    Python's own filter "once" forgets what it has shown whenever a library changes a filter.
    """
    shown = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        line = f"kerasae: warning: {one_line(message)}"
        if line not in shown:
            shown.add(line)
            say(line)

    return show


def one_line(message: object) -> str:
    """A message without ends of lines and without what a terminal would obey, with addresses for copies."""
    from kerasae.cli._output import visible
    from kerasae.remote import shown

    return visible(" ".join(shown(str(message)).split()))
