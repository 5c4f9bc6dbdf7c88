"""Bars: the progress of work in the terminal, with the time that is left."""

import logging
import os
import sys
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from kerasae.cli._output import Plain
from kerasae.cli._time_left import TimeLeft
from kerasae.progress import Progress as Told

#: Time over which the pace of a task is measured, in seconds.
_PERIOD = 600.0


class Bars(logging.Handler):
    """Handler that shows the records of `kerasae.progress` as bars, which are gone when the work is done."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._progress: Progress | None = None
        self._tasks: dict[str, Any] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record of progress; leave any other one."""
        told = getattr(record, "progress", None)
        if not isinstance(told, Told):
            return
        if told.ended:
            self._end(told.name)
            return
        if self._progress is None:
            self._progress = _started()
        if told.name not in self._tasks:
            self._tasks[told.name] = self._progress.add_task(told.name, state="", most=False)
        task = self._tasks[told.name]
        self._progress.update(
            task, completed=told.done, total=told.total, state=told.state, most=told.at_most
        )

    def _end(self, name: str) -> None:
        if self._progress is None or name not in self._tasks:
            return
        self._progress.remove_task(self._tasks.pop(name))
        if not self._tasks:
            self._progress.stop()
            self._progress = None

    def close(self) -> None:
        """Take the bars away."""
        for name in [*self._tasks]:
            self._end(name)
        super().close()


def _started() -> Progress:
    # A stream of its own: while libraries load, the error stream itself is suppressed.
    stream = os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding=sys.stderr.encoding, errors="replace")
    console: Console = Plain(file=stream, highlight=False, markup=False, emoji=False)
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[state]}", markup=False),
        TimeLeft(),
        console=console,
        transient=True,
        # The standard output leads to the error stream already.
        redirect_stdout=False,
        speed_estimate_period=_PERIOD,
    )
    progress.start()
    return progress
