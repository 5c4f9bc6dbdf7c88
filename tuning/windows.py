"""Windows of several lengths in a search: what a trial is trained on, and what makes trials comparable.

Three things are the same for all windows. The splits lie at the same rows of the log, because the gap between
two of them is the longest window. Each reading of the validation rows counts once, because a trial is judged
on windows that do not overlap. And a code has as many numbers per reading, because its size grows with the
window. Otherwise the shortest window would win: its code would have the most numbers per reading.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

from kerasae import registry
from kerasae.data import Data, Source
from kerasae.recipe import Recipe
from kerasae.spec import Spec

#: Objectives that mean the same for all windows. Others are sums over a window, or judge windows.
OBJECTIVES = ("error", "cost")


def with_common_splits(recipe: Recipe, windows: Sequence[int]) -> Recipe:
    """Return a recipe whose splits lie at the same rows for all windows.

    Args:
        recipe: Recipe that is searched around.
        windows: Lengths of the windows, in steps. The recipe is returned unchanged if there are none.

    Raises:
        ValueError: If the examples are no windows of a log.
    """
    if not windows:
        return recipe
    if "window" not in registry.parameters(registry.resolve("data", recipe.data["name"])):
        raise ValueError(
            f"`windows` are for a log of sensors (--time), received the source '{recipe.data['name']}'; "
            "leave them out."
        )
    if recipe.data.get("gap") is not None:
        return recipe
    return recipe.override({"data.gap": max([*windows, recipe.data.get("window") or 0])})


def of_window(recipe: Recipe, data: Data) -> Data:
    """Return the data of a search with the window of a trial.

    Args:
        recipe: Recipe of the trial.
        data: Data of the recipe that is searched around.
    """
    window = recipe.data.get("window")
    if window is None or window == data.spec.shape[0]:
        return data
    # The same files give other numbers of windows.
    files = None if data.source is None else Source(data.source.files)
    return recipe.load(files)


def each_reading_once(data: Data) -> Data:
    """Return data whose validation windows do not overlap, but for the last one of a stretch."""
    split: Any = data.validation
    return dataclasses.replace(data, validation=split.apart())


def code_of(latent_dim: int, window: int, spec: Spec) -> int:
    """Return the code size with which a window has as many numbers per reading as that of a spec.

    Args:
        latent_dim: Code size for the window of `spec`.
        window: Length of the window, in steps.
        spec: Description of the examples of the recipe that is searched around.
    """
    return max(1, round(latent_dim * window / spec.shape[0]))
