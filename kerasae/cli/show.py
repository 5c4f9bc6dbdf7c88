"""`kerasae show`: the members of each room."""

import inspect
from typing import Any

import click

from kerasae import registry
from kerasae.backend import import_tensorflow
from kerasae.cli._results import echo


@click.command("show", short_help="List the members of a room, or describe one of them.")
@click.argument("room", required=False)
@click.argument("name", required=False)
def command(room: str | None, name: str | None) -> None:
    """List the members of each ROOM, or show the signature and the docstring of NAME."""
    if room is None:
        from kerasae.cli._output import print_table

        rows = [[key, ", ".join(registry.names(key)) or "–"] for key in registry.ROOMS if key != "command"]
        print_table(["room", "members"], [[f"{a}", b] for a, b in rows])
        echo("`kerasae show model variational` shows one of them.")
    elif name is None:
        if room not in registry.ROOMS:
            raise click.UsageError(
                f"Unknown room {room!r}; {registry.did_you_mean(room, list(registry.ROOMS))}"
            )
        for member_name in registry.names(room):
            echo(member_name)
    elif room == "command":
        registry.check_name(room, name)
        member = registry.module_of(room, name).command
        echo(member.get_help(click.Context(member, info_name=f"kerasae {name}")))
    else:
        import_tensorflow()
        member = registry.resolve(room, name)
        echo(f"{member.__module__}.{member.__name__}")
        echo(signature(member))
        echo()
        echo(inspect.getdoc(member) or "")


def signature(member: Any) -> str:
    """Return the parameters of a member and of its base classes, one on each line."""
    hints = registry.annotations(member)
    lines = []
    for name, parameter in registry.parameters(member).items():
        kind = f": {registry.type_name(hints[name])}" if name in hints else ""
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        lines.append(f"    {name}{kind}{default},")
    return "(\n" + "\n".join(lines) + "\n)"
