"""What a command says on the error stream."""

import logging

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
    from kerasae.cli._output import visible

    logging.getLogger("kerasae.cli").log(NOTE, "%s", visible(text))
