"""Arguments of a family that a search can draw: the weights of its penalties and the level of its noise."""

import contextlib
from collections.abc import Sequence
from typing import Any

from kerasae.tuning.ranges import draw_log_float

from kerasae import registry
from kerasae.recipe import Recipe

#: Smallest and largest level of a corruption that is an argument of the family.
_LEVELS = (0.02, 0.5)


def draw_arguments(
    hp: Any, recipe: Recipe, family: str, families: Sequence[str], also: Sequence[str]
) -> dict[str, Any]:
    """Draw the arguments of each family, in a scope of its own.

    Args:
        hp: Hyperparameters of a trial.
        recipe: Recipe that is searched around.
        family: Family of the trial.
        families: All families of the search; none if there is only that of the recipe.
        also: Names of what is searched: `weights` and `noise` are drawn here.

    Returns:
        Settings of the recipe for the family of the trial.

    Raises:
        ValueError: If `noise` is searched and no family has a corruption, or `weights` and none has any.
    """
    settings: dict[str, Any] = {}
    noisy = weighted = False
    for name in families or [family]:
        with hp.conditional_scope("family", [name]) if families else contextlib.nullcontext():
            drawn = {}
            for argument, bounds in _searched(recipe, name).items():
                last = argument.split(".")[-1]
                is_noise = last == "level"
                noisy |= is_noise
                weighted |= not is_noise
                if ("noise" if is_noise else "weights") in also:
                    default = _own(recipe, name, argument)
                    drawn[f"model.{argument}"] = draw_log_float(hp, f"{name}_{last}", bounds, default)
        if name == family:
            settings |= drawn
    if "noise" in also and not noisy:
        raise ValueError(
            "Expected a model with noise to search its level, received none; take --model denoising, or "
            "--set model.corruption=masking."
        )
    if "weights" in also and not weighted:
        raise ValueError(
            "Expected a model with weights of its terms to search them, received none; take --model sparse, "
            "contractive or variational."
        )
    return settings


def _searched(recipe: Recipe, family: str) -> dict[str, tuple[float, float]]:
    """Return the bounds of the arguments of a family that can be searched, by name."""
    member: Any = registry.resolve("model", family)
    own = recipe.model if family == recipe.model["name"] else {}
    bounds: dict[str, tuple[float, float]] = member.searchable(own)
    corruption = own.get("corruption")
    has_level = isinstance(corruption, dict) and "level" in corruption
    if corruption and ("level" not in bounds or has_level):
        # The level of a corruption holds before that of the family.
        bounds["corruption.level"] = bounds.pop("level", _LEVELS)
    return bounds


def _own(recipe: Recipe, family: str, argument: str) -> Any:
    """Return the recipe's value of an argument of a family, or the default of the argument."""
    if family == recipe.model["name"]:
        value: Any = recipe.model
        for step in argument.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if value is not None:
            return value
    parameter = registry.parameters(registry.resolve("model", family)).get(argument)
    return None if parameter is None else parameter.default
