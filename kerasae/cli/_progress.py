"""Bars: the progress of work in the terminal, with the time that is left."""

import logging
from typing import Any

from rich.progress import Progress

from kerasae.cli._bars import started_bars
from kerasae.progress import Progress as Told


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
            self._progress = started_bars()
        if told.name not in self._tasks:
            self._tasks[told.name] = self._progress.add_task(told.name, state="", most=False)
        task = self._tasks[told.name]
        self._progress.update(
            task, completed=told.done, total=told.total, state=told.state, most=told.at_most
        )

    @property
    def running(self) -> bool:
        """Whether bars are on the screen."""
        return self._progress is not None

    def say(self, line: str) -> None:
        """Print a line above the bars."""
        if self._progress is not None:
            self._progress.console.print(line, soft_wrap=True)

    def _end(self, name: str) -> None:
        if self._progress is None or name not in self._tasks:
            return
        self._progress.remove_task(self._tasks.pop(name))
        if not self._tasks:
            self._progress.stop()
            self._progress.console.file.close()
            self._progress = None

    def close(self) -> None:
        """Take the bars away."""
        for name in [*self._tasks]:
            self._end(name)
        super().close()
