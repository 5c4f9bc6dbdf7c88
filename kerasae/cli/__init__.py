"""The command line: one subcommand a file.

Nothing here imports TensorFlow until a command runs: a file of this room imports it inside its
function.
"""

import io
import os
import signal
import sys
import warnings
from collections.abc import Callable
from typing import Any

import click

from kerasae import __version__, registry


class _Room(click.Group):
    """A group whose subcommands are the files of this folder, each with its `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return registry.names("command")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in registry.names("command"):
            return None
        return registry.module_of("command", cmd_name).command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.list_commands(ctx):
            hint = registry.did_you_mean(name, self.list_commands(ctx))
            raise click.UsageError(f"Unknown command {name!r}; {hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Room, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kerasae")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def kerasae(debug: bool) -> None:
    """Autoencoders for Keras: train, compare with PCA, deploy."""


#: What a user's input can cause; anything else is a bug and shows its traceback.
_EXPECTED = (ValueError, TypeError, OSError, ImportError, FloatingPointError, MemoryError)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line; bad input gives one line and exit status 2."""
    arguments = sys.argv[1:] if arguments is None else arguments
    # TensorFlow reads these once, when it is imported; whoever set them keeps them.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # What a scheduler sends before it kills: nothing half-written is left.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A mark that the terminal's encoding does not have is no reason to end.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _one_line_each()
            status = kerasae.main(arguments, prog_name="kerasae", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        _fail(error.format_message())
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("kerasae: interrupted.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stdout = None
        sys.exit(0)
    except _EXPECTED as error:
        if "--debug" in arguments:
            raise
        _fail(str(error) if str(error) else type(error).__name__)
    else:
        sys.exit(status if isinstance(status, int) else 0)


def _one_line(message: object) -> str:
    """A message without ends of lines and without what a terminal would obey."""
    from kerasae.cli._output import visible

    return visible(" ".join(str(message).split()))


def _one_line_each() -> Callable[..., None]:
    """Shows a warning as a user reads it: one line, once, without the place in the code.

    Python's own filter "once" forgets what it has shown whenever a library changes a filter.
    """
    shown = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        line = f"kerasae: warning: {_one_line(message)}"
        if line not in shown:
            shown.add(line)
            click.echo(line, err=True)

    return show


def _fail(message: str) -> None:
    click.echo(f"kerasae: {_one_line(message)}", err=True)
    sys.exit(2)
