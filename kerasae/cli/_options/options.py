"""options: click's options for flags."""

from typing import Any

import click

from kerasae import registry
from kerasae.cli._options.flag import Flag
from kerasae.cli._options.signatures import arguments_of


def options(flags: list[Flag]) -> list[Any]:
    """Return click's options for flags, with choices and defaults where there are any."""
    arguments = arguments_of("kerasae.training", "train")
    defaults = {f"train.{name}": argument.default for name, argument in arguments.items()}
    made = []
    for flag, key, kind, text in flags:
        section, name = key.split(".")
        many = isinstance(kind, list)
        metavar = f"[{'|'.join(registry.names(section))}]" if name == "name" else None
        shown = f"{text}  [default: {defaults[key]}]" if defaults.get(key) else text
        kind = kind[0] if many else kind
        made.append(click.option(flag, type=kind, multiple=many, metavar=metavar, help=shown))
    return made
