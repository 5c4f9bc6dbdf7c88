"""Errors and warnings on the error stream, one line each."""

import sys
import unicodedata
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


def kept_folders_only(show: Callable[..., None]) -> Callable[..., None]:
    """Return what shows only the warnings without which work could not be found again."""

    def show_few(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        from kerasae.remote import KeptFolderWarning

        if issubclass(category, KeptFolderWarning):
            show(message, category, *place, **more)

    return show_few


def one_line(message: object) -> str:
    """A message without ends of lines and without what a terminal would obey, with addresses for copies."""
    from kerasae.remote import shown

    return visible(" ".join(shown(str(message)).split()))


def visible(text: str) -> str:
    r"""Return a text that no terminal obeys: its control characters, but for ends of lines and tabs, as
    `\x1b`.

    Halves of characters, as a file name holds them that is not UTF-8, are shown in the same way.
    """
    if text.isprintable():
        return text
    return "".join(
        repr(mark)[1:-1] if mark not in "\n\t" and unicodedata.category(mark) in ("Cc", "Cs") else mark
        for mark in text
    )
