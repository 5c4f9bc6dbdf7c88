"""What the library logs, on the error stream: one line each, or bars."""

import contextlib
import logging
import sys
import warnings
from collections.abc import Iterator

from kerasae.cli._messages import kept_folders_only, one_line
from kerasae.cli._streams import NOTE, say

#: Options of the whole command line, which may stand behind the name of a command, too.
_ANYWHERE = ("--quiet", "--verbose", "--debug")


def flags_first(arguments: list[str]) -> list[str]:
    """Return arguments with the options of the whole command line first, where click expects them."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    first = [word for word in arguments[:end] if word in _ANYWHERE]
    return [*first, *(word for word in arguments[:end] if word not in _ANYWHERE), *arguments[end:]]


class Lines(logging.Handler):
    """Handler that shows each record as one line on the error stream."""

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record."""
        text = record.getMessage()
        if record.levelno >= logging.WARNING:
            text = f"kerasae: {record.levelname.lower()}: {one_line(text)}"
        elif record.levelno < NOTE:
            text = f"kerasae: {record.relativeCreated / 1000:.1f} s: {one_line(text)}"
        say(text)


@contextlib.contextmanager
def shown_logs(*, quiet: bool, verbose: bool) -> Iterator[None]:
    """Show what the library logs, and its progress in a terminal.

    Args:
        quiet: Whether to show neither progress nor notes nor warnings.
        verbose: Whether to show each step as a line.
    """
    level = logging.ERROR if quiet else logging.INFO if verbose else NOTE
    handlers: list[logging.Handler] = [Lines(level)]
    if quiet:
        # The command has it back when it ends.
        warnings.showwarning = kept_folders_only(warnings.showwarning)
    elif sys.stderr.isatty():
        # The first steps of a command, such as its help, need no bars.
        from kerasae.cli._progress import Bars

        handlers.append(Bars())
    logger = logging.getLogger("kerasae")
    before = logger.level, logger.propagate
    logger.setLevel(min(handler.level for handler in handlers))
    # Libraries give the root logger handlers of their own, which would show each line again.
    logger.propagate = False
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
        level, logger.propagate = before
        logger.setLevel(level)
