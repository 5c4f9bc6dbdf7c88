"""The standard output of a command, which is kept for results."""

import contextlib
import contextvars
import functools
import io
import sys
import weakref
from collections.abc import Iterator
from typing import Any, TextIO

import click

from kerasae.cli._streams import say

#: Commands that `with_results_alone` has changed.
_ALONE: weakref.WeakSet[click.Command] = weakref.WeakSet()
_RESULTS: contextvars.ContextVar[TextIO | None] = contextvars.ContextVar("results", default=None)


def results() -> TextIO:
    """Return the stream for results."""
    return _RESULTS.get() or sys.stdout


def echo(text: str = "") -> None:
    """Print a line of a result."""
    click.echo(text, file=results())


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


@contextlib.contextmanager
def only_results() -> Iterator[None]:
    """Keep the standard output for `results`: what libraries and callbacks print goes to the error stream."""
    token, stream = _RESULTS.set(sys.stdout), _ErrorStream()
    try:
        with contextlib.redirect_stdout(stream):
            yield
    finally:
        stream.end()
        _RESULTS.reset(token)


class _ErrorStream(io.TextIOBase):
    """Stream whose lines go to the error stream."""

    def __init__(self) -> None:
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            say(line)
        return len(text)

    def end(self) -> None:
        """Write a last line that has no end."""
        if self._begun:
            self.write("\n")

    def isatty(self) -> bool:
        return sys.stderr.isatty()

    def fileno(self) -> int:
        return sys.stderr.fileno()
