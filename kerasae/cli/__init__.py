"""The command line: one subcommand a file, which parses, calls a workflow, and prints.

Nothing here imports TensorFlow until a command runs: a file of this room imports it inside its
function.
"""

import os
import signal
import sys
import warnings

import click

from kerasae import __version__, registry
from kerasae.cli._logs import flags_first, shown_logs
from kerasae.cli._messages import fail, one_line_each
from kerasae.cli._room import Room
from kerasae.cli._streams import readers_may_go


@click.group(
    cls=Room,
    room="command",
    make=lambda name: registry.module_of("command", name).command,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="kerasae")
@click.option("--quiet", is_flag=True, help="Show only errors, beside the results.")
@click.option("--verbose", is_flag=True, help="Show each step as a line.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def kerasae(context: click.Context, quiet: bool, verbose: bool, debug: bool) -> None:
    """Autoencoders for Keras: train, compare with PCA, deploy.

    Results go to the standard output, everything else to the error stream. The options below may stand
    anywhere in a command.
    """
    if quiet and verbose:
        raise click.UsageError("Expected --quiet or --verbose, received both.")
    context.with_resource(shown_logs(quiet=quiet, verbose=verbose))


#: What a user's input can cause; anything else is a bug and shows its traceback.
_EXPECTED = (ValueError, TypeError, OSError, ImportError, FloatingPointError, MemoryError)


@readers_may_go()
def main(arguments: list[str] | None = None) -> None:
    """Run the command line; bad input gives one line and exit status 2."""
    arguments = sys.argv[1:] if arguments is None else arguments
    # TensorFlow reads these once, when it is imported; whoever set them keeps them.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # What a scheduler sends before it kills: nothing half-written is left.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    if (reconfigure := getattr(sys.stdout, "reconfigure", None)) is not None:
        # A mark that the terminal's encoding does not have is no reason to end.
        reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = one_line_each()
            status = kerasae.main(flags_first(arguments), prog_name="kerasae", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        said = error.format_message()
        lists = "; several values of an option are written with commas, such as 4,8,16."
        fail(said + lists if "unexpected extra argument" in said else said)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("kerasae: interrupted.", err=True)
        sys.exit(130)
    except _EXPECTED as error:
        if "--debug" in arguments:
            raise
        fail(str(error) if str(error) else type(error).__name__)
    else:
        sys.exit(status if isinstance(status, int) else 0)
