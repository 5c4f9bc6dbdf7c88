"""Tables and progress in the terminal."""

import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table


def console(stderr: bool = False) -> Console:
    """A console as wide as the terminal, or wide enough for a table where there is none."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else 120, highlight=False)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> None:
    """Prints a table; a cell with a leading `*` is shown in bold."""
    table = Table(title=title or None, title_justify="left")
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="left" if index == 0 else "right")
    for row in rows:
        table.add_row(*(f"[bold]{cell[1:]}[/bold]" if cell.startswith("*") else cell for cell in row))
    console().print(table)


def progress_bar() -> Progress:
    """A bar on the error stream of a terminal, gone when the work is done; nothing in a log."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[state]}"),
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
        out.print(f"  {line}", soft_wrap=True, markup=False)
    if len(lines) > most:
        out.print(f"  and {len(lines) - most} more, all in skipped.txt of the run")
