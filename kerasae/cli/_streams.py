"""What a command says on the error stream, and streams whose reader may go."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import click

#: Level of a note to the user, which is no warning and is shown unless the command is to be quiet.
NOTE = 25


def say(line: str) -> None:
    """Write a line to the error stream, above the bars if there are any."""
    for handler in logging.getLogger("kerasae").handlers:
        if getattr(handler, "running", False):
            handler.say(line)  # type: ignore[attr-defined]
            return
    click.echo(line, err=True)


def note(text: str) -> None:
    """Tell the user something that is no result."""
    from kerasae.cli._messages import visible

    logging.getLogger("kerasae.cli").log(NOTE, "%s", visible(text))


@contextlib.contextmanager
def readers_may_go() -> Iterator[None]:
    """Drop what is printed after the reader of a stream has gone, as `head` does; the command goes on."""
    streams: list[Any] = [stream and _Unbroken(stream) for stream in (sys.stdout, sys.stderr)]
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        yield


class _Unbroken:
    """Stream that drops what is written after its pipe has broken.

    Args:
        stream: Stream to write to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._drop()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._drop()

    def _drop(self) -> None:
        """Let the stream write to nowhere, also what it still holds when Python flushes it at the end."""
        with contextlib.suppress(OSError), Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), self._stream.fileno())
