"""Tables and lines in the terminal, each text as it was written."""

import shlex
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kerasae.cli._messages import visible
from kerasae.cli._results import results

#: Width of what goes to a file or another program.
_UNBROKEN = 10_000


class Plain(Console):
    """A console that finds neither styles such as `[bold]` nor pictures such as `:ok:` in a text."""

    def render_str(self, text: str, **kwargs: Any) -> Text:
        return super().render_str(visible(text), **kwargs)

    def on_broken_pipe(self) -> None:
        # Rich would end the command.
        self.quiet = True


def console() -> Console:
    """Return a console for results, as wide as the terminal, or so wide that nothing is broken."""
    stream = results()
    width = None if stream.isatty() else _UNBROKEN
    return Plain(file=stream, width=width, highlight=False, markup=False, emoji=False)


def print_paths(**paths: Any) -> None:
    """Print where things are, each with its name, on one line that is not broken."""
    line = "   ".join(f"{name}: {path}" for name, path in paths.items())
    console().print(line, soft_wrap=True)


def typed(*words: Any) -> str:
    """Return a command as it can be typed into a shell, whatever a path holds."""
    return f"`{shlex.join(str(word) for word in words)}`"


def print_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], title: str = "", *, words: bool = False
) -> None:
    """Print a table; a cell that is a `Best` is shown in bold.

    Args:
        headings: Headings of the columns.
        rows: Rows of cells.
        title: Title above the table, on one line. Defaults to none.
        words: Whether the cells are words, which begin at the left, rather than figures. Defaults to no.
    """
    terminal = console()
    if title:
        # A title of the table would be broken at the width of the table, in the middle of a path or number.
        terminal.print(title, style="table.title", soft_wrap=True)
    table = Table()
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="left" if words or index == 0 else "right")
    for row in rows:
        table.add_row(
            *(Text(visible(cell), "bold") if getattr(cell, "best", False) else cell for cell in row)
        )
    terminal.print(table)
