"""Options for a recipe, which several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from kerasae import registry
from kerasae.cli._options.flag import Flag
from kerasae.cli._options.flags import FLAGS
from kerasae.cli._options.options import options
from kerasae.cli._options.sql import SQL, with_query
from kerasae.cli._options.values import value_of


def recipe_options(model: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the usual flags, `--set` and `--recipe`; the function receives them as `settings`."""
    flags = FLAGS if model else [row for row in FLAGS if row.flag != "--model"]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def collect(**values: Any) -> Any:
            values = with_query(values)
            return function(settings=_collected(flags, values), **values)

        collect.__name__, collect.__doc__ = function.__name__, function.__doc__
        collect.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
        decorated: Callable[..., Any] = collect
        for option in reversed([*options(flags), SQL, _SET, *([_PRESET] if model else []), _RECIPE]):
            decorated = option(decorated)
        return decorated

    return decorate


_SET = click.option(
    "--set",
    "set_",
    multiple=True,
    metavar="SECTION.NAME=VALUE",
    help="Any other parameter. `kerasae show model variational` lists those of a family. Repeatable.",
)
_PRESET = click.option(
    "--preset",
    type=click.Choice(registry.names("preset")),
    help="Settings for a purpose, which other options replace. `kerasae show preset detector` lists them.",
)
_RECIPE = click.option(
    "--recipe",
    "recipe_path",
    type=click.Path(path_type=Path),
    help="Recipe to repeat, such as recipe.json of a run. Other options replace its settings.",
)


def _collected(flags: list[Flag], values: dict[str, Any]) -> dict[str, Any]:
    """The settings among the values of options, from which they are taken away."""
    settings = {}
    for flag, key, _, _ in flags:
        value = values.pop(flag[2:].replace("-", "_"))
        if isinstance(value, tuple):
            value = list(value) or None
        if value is not None:
            settings[key] = value
    if preset := values.pop("preset", None):
        settings["preset"] = preset
    return settings | dict(_parsed(setting) for setting in values.pop("set_"))


def _parsed(setting: str) -> tuple[str, Any]:
    """`train.epochs=5` to a key and a value: JSON where it is JSON, a list of bare words, or a string."""
    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise click.UsageError(f"Expected --set section.name=value, received {setting!r}.")
    return key.strip(), value_of(text)
