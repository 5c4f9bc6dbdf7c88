"""started_bars: bars on the error stream of a terminal."""

import os
import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from kerasae.cli._output import Plain
from kerasae.cli._time_left import TimeLeft

#: Time over which the pace of a task is measured, in seconds.
_PERIOD = 600.0


def started_bars() -> Progress:
    """Return bars that are on the screen, and gone when they are stopped."""
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
        # What is written while the error stream is suppressed stays suppressed.
        redirect_stdout=False,
        redirect_stderr=False,
        speed_estimate_period=_PERIOD,
    )
    progress.start()
    return progress
