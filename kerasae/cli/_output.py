"""Tables, lines and progress in the terminal, each text as it was written."""

import shlex
import sys
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text


class _Plain(Console):
    """A console that finds neither styles such as `[bold]` nor pictures such as `:ok:` in a text."""

    def render_str(self, text: str, **kwargs: Any) -> Text:
        return super().render_str(visible(text), **kwargs)


def console(stderr: bool = False) -> Console:
    """A console as wide as the terminal, or wide enough for a table where there is none."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 120
    return _Plain(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def visible(text: str) -> str:
    r"""A text that no terminal obeys: its control characters, but for ends of lines and tabs, as `\x1b`.

    Halves of characters, as a file name holds them that is not UTF-8, are shown in the same way.
    """
    if text.isprintable():
        return text
    return "".join(
        repr(mark)[1:-1] if mark not in "\n\t" and unicodedata.category(mark) in ("Cc", "Cs") else mark
        for mark in text
    )


def print_paths(**paths: Any) -> None:
    """Prints where things are, each with its name, on one line that is not broken."""
    line = "   ".join(f"{name}: {path}" for name, path in paths.items())
    console().print(line, soft_wrap=True)


def typed(*words: Any) -> str:
    """A command as it can be typed into a shell, whatever a path holds."""
    return f"`{shlex.join(str(word) for word in words)}`"


def print_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], title: str = "", *, words: bool = False
) -> None:
    """Prints a table; a cell that is a `Best` is shown in bold.

    Args:
        headings: of the columns.
        rows: of cells.
        title: above the table.
        words: whether the cells are words, which begin at the left, rather than figures.
    """
    table = Table(title=title or None, title_justify="left")
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="left" if words or index == 0 else "right")
    for row in rows:
        table.add_row(
            *(Text(visible(cell), "bold") if getattr(cell, "best", False) else cell for cell in row)
        )
    console().print(table)


def print_readings(data: Any, most: int = 40) -> None:
    """Prints how the columns of a table were read; nothing for other examples."""
    from kerasae.data import HEADINGS, readings

    found = readings(data, most)
    if not found:
        return
    print_table(HEADINGS, [one.cells() for one in found], f"Columns of {data.name}", words=True)
    if others := data.spec.columns[most:]:
        kinds = Counter(one.kind for one in others)
        rest = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
        console().print(f"  and {len(others):,} more: {rest}")


def progress_bar() -> Progress:
    """A bar on the error stream of a terminal, gone when the work is done; nothing in a log."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[state]}", markup=False),
        TimeElapsedColumn(),
        console=console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def epoch_callback(progress: Progress, task: Any) -> Any:
    """A Keras callback that moves a task of a progress bar once an epoch."""
    import keras

    class Epochs(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            progress.update(task, total=self.params["epochs"])

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            shown = (logs or {}).get("val_loss", (logs or {}).get("loss", float("nan")))
            progress.update(
                task, completed=epoch + 1, state=f"epoch {epoch + 1}, validation loss {shown:.4g}"
            )

    return Epochs()


def print_skipped(lines: Sequence[str], most: int = 20) -> None:
    """Says what could not be read and was left out, if anything."""
    if not lines:
        return
    out = console()
    out.print(f"Skipped {len(lines)} that could not be read:")
    for line in lines[:most]:
        out.print(f"  {line}", soft_wrap=True)
    if len(lines) > most:
        out.print(f"  and {len(lines) - most} more, all in skipped.txt of the run")
