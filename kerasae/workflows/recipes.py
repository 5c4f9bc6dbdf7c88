"""make_recipe: from a source, a preset and single settings to a recipe."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae import registry
from kerasae.data import claimed, parse_source
from kerasae.presets import settings as settings_of
from kerasae.recipe import Recipe
from kerasae.remote import absolute, is_address
from kerasae.runs import Run
from kerasae.training import check_callbacks


def make_recipe(
    source: str | None = None,
    settings: Mapping[str, Any] | None = None,
    *,
    path: str | Path | None = None,
    preset: str | None = None,
) -> Recipe:
    """Make a recipe from what a user says; the rest takes its defaults.

    Args:
        source: A name (`digits`), a path, or `tfds:NAME`. A recipe that is read from a file has one of its
            own.
        settings: Values by key, such as `{"train.epochs": 10}`. They come last. Defaults to none.
        path: A `recipe.json` to begin with. Defaults to none.
        preset: Name of settings for a purpose, which come before the single ones. Defaults to none.

    Raises:
        ValueError: If there is neither a source nor a file, for a preset beside a file, or for an unknown
            name, or an import path of a callback that leads nowhere.
        FileNotFoundError: If there is no such file.
    """
    settings = {} if settings is None else dict(settings)
    # A preset reads data.
    check_callbacks(settings.get("train.callbacks", ()))
    if preset is not None:
        if path is not None:
            raise ValueError(
                "`preset` and `path` (--preset and --recipe) both say what to train; give one of them."
            )
        recipe = make_recipe(source, settings)
        return make_recipe(source, {**_of_preset(preset, recipe, settings), **settings})
    if source is not None:
        source = claimed(source, [key.removeprefix("data.") for key in settings if key.startswith("data.")])
    if path is None:
        if source is None:
            raise ValueError("Expected a source (digits, a path, tfds:NAME) or --recipe.")
        return Recipe.of(source=source).override(settings)
    section = {} if source is None else parse_source(source)
    return Recipe.read(Path(path)).override(
        {**{f"data.{key}": value for key, value in section.items()}, **settings}
    )


def continued(
    run: str | Path, source: str | None = None, settings: Mapping[str, Any] | None = None
) -> Recipe:
    """Return the recipe of a training that goes on from the weights of a run.

    Scalings, categories and vocabulary stay as they were fitted in the run. The optimizer and the schedule of
    the learning rate begin anew.

    Args:
        run: Folder of the run to go on from, or its address.
        source: New rows, as for `load_data`, with the same columns. Defaults to `None`, the data of the run.
        settings: Values by key, in the sections `data` and `train` only. Defaults to none.

    Raises:
        FileNotFoundError: If there is no such run.
        ValueError: For a setting of another section.
    """
    settings = {} if settings is None else dict(settings)
    check_callbacks(settings.get("train.callbacks", ()))
    for key in settings:
        if key.split(".")[0] not in ("data", "train"):
            raise ValueError(
                "--from keeps the model and its preprocessing as they are; expected settings of the sections "
                f"data and train, received {key}."
            )
    start = absolute(run) if is_address(run) else str(Path(run).resolve())
    recipe = dataclasses.replace(Run.open(run).recipe, start=start)
    # A closed form does not begin with any weights.
    recipe.train.pop("solver", None)
    section = {} if source is None else parse_source(source, trained_on=recipe.data["name"])
    if section.get("name", recipe.data["name"]) == recipe.data["name"]:
        # A file with the test rows of the run has no test rows of the new ones.
        of_tests = ("test_path", "test_labels") if section else ()
        section = {key: value for key, value in recipe.data.items() if key not in of_tests} | section
    return dataclasses.replace(recipe, data=section).override(settings)


def with_callbacks(recipe: Recipe, callbacks: Sequence[str]) -> Recipe:
    """Return a recipe with further callbacks, after a check that all its callbacks can be found.

    Args:
        recipe: Recipe.
        callbacks: Import paths of callbacks, as for `kerasae.training.callbacks_of`.

    Raises:
        TypeError: If an entry is no text.
        ValueError: If an import path leads nowhere.
    """
    together = [*recipe.train.get("callbacks", ()), *callbacks]
    check_callbacks(together)
    return recipe.override({"train.callbacks": together}) if callbacks else recipe


#: Settings of model and training with which a preset keeps its solver.
_ANY_SOLVER = {
    "model.corruption.before.level",
    "model.corruption.level",
    "network.latent_dim",
    "train.callbacks",
    "train.checkpoint_seconds",
    "train.hold_out",
    "train.jit_compile",
    "train.seed",
    "train.tensorboard",
}


def _of_preset(preset: str, recipe: Recipe, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a preset, which depend on what the examples are, without those that do not fit."""
    chosen = settings_of(preset, recipe.load().spec)
    if "train.epochs" in settings:
        chosen.pop("train.steps", None)
    # Another model has no closed form, and a user who sets the number of steps expects a gradient.
    if any(
        key.split(".")[0] in ("network", "model", "loss", "train") for key in settings.keys() - _ANY_SOLVER
    ):
        chosen.pop("train.solver", None)
    for section in ("network", "model"):
        # Another member than the preset's takes its own arguments.
        if (name := settings.get(f"{section}.name")) is not None:
            taken = registry.parameters(registry.resolve(section, name))
            keys = [key for key in chosen if key.startswith(f"{section}.") and key != f"{section}.name"]
            for key in keys:
                if key.split(".")[1] not in taken:
                    del chosen[key]
    return chosen
