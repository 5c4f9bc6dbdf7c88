"""The recipe of a command."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerasae import registry
from kerasae.cli._options.flags import FLAGS

if TYPE_CHECKING:
    from kerasae.recipe import Recipe


def recipe_of(source: str | None, settings: dict[str, Any], path: Path | None) -> "Recipe":
    """Return the recipe of a command: a file or the defaults, a source, then the settings."""
    from kerasae.data import claimed, parse_source
    from kerasae.workflows import make_recipe

    settings = dict(settings)
    preset = settings.pop("preset", None)
    if source is not None and path is None:
        names = [key.removeprefix("data.") for key in settings if key.startswith("data.")]
        _check_flags(parse_source(claimed(source, names))["name"], settings)
    return make_recipe(source, settings, path=path, preset=preset)


def _check_flags(source: str, settings: dict[str, Any]) -> None:
    """Refuse a flag of the data by the name that the user typed, where a source does not take it."""
    taken = registry.parameters(registry.resolve("data", source))
    for flag, key, _, _ in FLAGS:
        section, name = key.split(".")
        if section == "data" and key in settings and name not in taken:
            raise click.UsageError(f"{flag} has no meaning for the source '{source}'.")
