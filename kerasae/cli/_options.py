"""Options that several commands share, and how they become a recipe."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerasae import registry

if TYPE_CHECKING:
    from kerasae.recipe import Recipe

#: Flag, recipe key, type (in a list: the flag may be given again), help. A default stands in the signature
#: that the key leads to.
_FLAGS: list[tuple[str, str, Any, str]] = [
    ("--network", "network.name", str, "Network: {network}."),
    ("--loss", "loss.name", str, "Reconstruction loss: {loss}. Follows the family by default."),
    ("--labels", "data.labels", str, "Column (or file) of labels, which no training sees."),
    ("--id", "data.id", [str], "Column that names the rows of a table, which no training sees. Repeatable."),
    ("--missing", "data.missing", [str], "Entry of a table that stands for a missing one. Repeatable."),
    ("--encoding", "data.encoding", str, "Encoding of a text file, such as latin-1. [default: UTF-8]"),
    ("--text", "data.column", str, "Column of a CSV or Parquet file that holds texts."),
    (
        "--on-error",
        "data.on_error",
        click.Choice(["raise", "skip"]),
        "What a file or row does that cannot be read; skipped ones are listed at the end.",
    ),
    ("--latent-dim", "network.latent_dim", int, "Size of the code."),
    ("--epochs", "train.epochs", int, "At most so many; the best one is kept."),
    ("--batch-size", "train.batch_size", int, "Examples per step."),
    ("--learning-rate", "train.learning_rate", float, "At the start."),
    ("--seed", "train.seed", int, "Of the weights and the order of the examples."),
]


def recipe_options(model: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds the usual flags, `--set` and `--recipe`; the function receives them as `settings`."""
    flags = [("--model", "model.name", str, "Family: {model}."), *_FLAGS] if model else _FLAGS

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def collect(**values: Any) -> Any:
            settings = {}
            for flag, key, _, _ in flags:
                value = values.pop(flag[2:].replace("-", "_"))
                if isinstance(value, tuple):
                    value = list(value) or None
                if value is not None:
                    settings[key] = value
            if preset := values.pop("preset", None):
                settings["preset"] = preset
            for setting in values.pop("set_"):
                key, value = _parse(setting)
                settings[key] = value
            return function(settings=settings, **values)

        collect.__name__, collect.__doc__ = function.__name__, function.__doc__
        collect.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
        decorated: Callable[..., Any] = collect
        decorated = click.option(
            "--recipe", "recipe_path", type=click.Path(path_type=Path), help="Repeat a recipe.json."
        )(decorated)
        if model:
            decorated = click.option(
                "--preset",
                type=click.Choice(registry.names("preset")),
                help="Settings for a purpose, before all others; `kerasae show preset detector` says which.",
            )(decorated)
        decorated = click.option(
            "--set",
            "set_",
            multiple=True,
            metavar="SECTION.NAME=VALUE",
            help="Any other parameter; `kerasae show model variational` lists them. Repeatable.",
        )(decorated)
        for flag, _, kind, text in reversed(flags):
            rooms = {room: ", ".join(registry.names(room)) for room in ("model", "network", "loss")}
            many = isinstance(kind, list)
            decorated = click.option(
                flag, type=kind[0] if many else kind, multiple=many, help=text.format(**rooms)
            )(decorated)
        return decorated

    return decorate


def _parse(setting: str) -> tuple[str, Any]:
    """`train.epochs=5` to a key and a value: JSON where it is JSON, otherwise a string."""
    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise click.UsageError(f"Expected --set section.name=value, received {setting!r}.")
    try:
        return key.strip(), json.loads(text)
    except json.JSONDecodeError:
        return key.strip(), text


def make_recipe(source: str | None, settings: dict[str, Any], path: Path | None) -> "Recipe":
    """The recipe of a command: a file or the defaults, a source, then the settings."""
    from kerasae.data import parse_source
    from kerasae.recipe import Recipe

    preset = settings.pop("preset", None)
    if preset is not None:
        if path is not None:
            raise click.UsageError("--preset and --recipe both say what to train; give one of them.")
        return _with_preset(source, settings, preset)
    if source is not None and "data.column" in settings and not source.startswith("text:"):
        source = f"text:{source}"
    if path is None:
        if source is None:
            raise click.UsageError("Expected a source (digits, a path, tfds:NAME) or --recipe.")
        _check_flags(parse_source(source)["name"], settings)
        return Recipe.of(source=source).override(settings)
    recipe = Recipe.read(path)
    if source is not None:
        section = parse_source(source)
        settings = {**{f"data.{key}": value for key, value in section.items()}, **settings}
    return recipe.override(settings)


def _with_preset(source: str | None, settings: dict[str, Any], preset: str) -> "Recipe":
    """A recipe with the settings of a preset, which depend on what the examples are, below the user's own."""
    from kerasae.presets import settings as settings_of

    recipe = make_recipe(source, settings, None)
    spec = recipe.load().spec
    of_data = {key: value for key, value in settings.items() if key.startswith(("data.", "preprocessing."))}
    found = settings_of(preset, spec)
    if "train.epochs" in settings:
        found.pop("train.steps", None)
    for section in ("network", "model"):
        # Another member than the preset's takes its own arguments.
        if (name := settings.get(f"{section}.name")) is not None:
            taken = registry.parameters(registry.resolve(section, name))
            keys = [key for key in found if key.startswith(f"{section}.") and key != f"{section}.name"]
            for key in keys:
                if key.split(".")[1] not in taken:
                    del found[key]
    return make_recipe(source, {**of_data, **found, **settings}, None)


def _check_flags(source: str, settings: dict[str, Any]) -> None:
    """Refuses a flag of the data by the name that the user typed, where a source does not take it."""
    taken = registry.parameters(registry.resolve("data", source))
    for flag, key, _, _ in _FLAGS:
        section, name = key.split(".")
        if section == "data" and key in settings and name not in taken:
            raise click.UsageError(f"{flag} has no meaning for the source '{source}'.")
