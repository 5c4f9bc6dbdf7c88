"""The streams of a command: results on the standard output, everything else on the error stream."""

import contextlib
import contextvars
import functools
import io
import logging
import sys
import weakref
from collections.abc import Iterator
from typing import Any, TextIO

import click

#: Level of a note to the user, which is no warning and is shown unless the command is to be quiet.
NOTE = 25
#: Commands that `with_results_alone` has changed.
_ALONE: weakref.WeakSet[click.Command] = weakref.WeakSet()
_RESULTS: contextvars.ContextVar[TextIO | None] = contextvars.ContextVar("results", default=None)


def results() -> TextIO:
    """Return the stream for results."""
    return _RESULTS.get() or sys.stdout


class _ErrorStream(io.TextIOBase):
    """Stream that writes to what the error stream is at the time, such as one above the bars."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        return sys.stderr.isatty()

    def fileno(self) -> int:
        return sys.stderr.fileno()


@contextlib.contextmanager
def only_results() -> Iterator[None]:
    """Keep the standard output for `results`: what libraries and callbacks print goes to the error stream."""
    token = _RESULTS.set(sys.stdout)
    try:
        with contextlib.redirect_stdout(_ErrorStream()):
            yield
    finally:
        _RESULTS.reset(token)


def with_results_alone(command: click.Command) -> click.Command:
    """Return a command that runs in `only_results`; its help is a result, too, and is shown as before."""
    callback = command.callback
    if callback is None or isinstance(command, click.Group) or command in _ALONE:
        return command

    @functools.wraps(callback)
    def run(*arguments: Any, **values: Any) -> Any:
        with only_results():
            return callback(*arguments, **values)

    command.callback = run
    _ALONE.add(command)
    return command


def echo(text: str = "") -> None:
    """Print a line of a result."""
    click.echo(text, file=results())


def note(text: str) -> None:
    """Tell the user something that is no result."""
    from kerasae.cli._output import visible

    logging.getLogger("kerasae.cli").log(NOTE, "%s", visible(text))
