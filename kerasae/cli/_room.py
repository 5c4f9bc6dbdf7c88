"""Room: a group of subcommands that are the members of a room."""

from collections.abc import Callable

import click

from kerasae import registry
from kerasae.cli._results import with_results_alone


class Room(click.Group):
    """A group whose subcommands are the members of a room; a name that is none gets the nearest one.

    Args:
        room: Name of the room.
        make: Function that makes the command of a member from its name.
        noun: What a subcommand is called in a message. Defaults to the name of the room.
        **attributes: Arguments of `click.Group`.
    """

    room: str
    make: Callable[[str], click.Command]
    noun: str

    def __init__(
        self, room: str, make: Callable[[str], click.Command], noun: str | None = None, **attributes: object
    ) -> None:
        super().__init__(**attributes)  # type: ignore[arg-type]
        self.room, self.make, self.noun = room, make, noun or room

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the members."""
        return registry.names(self.room)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a member."""
        return with_results_alone(self.make(cmd_name)) if cmd_name in self.list_commands(ctx) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first word names."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.list_commands(ctx):
            hint = registry.did_you_mean(name, self.list_commands(ctx))
            raise click.UsageError(f"Unknown {self.noun} {name!r}; {hint}")
        return super().resolve_command(ctx, args)
