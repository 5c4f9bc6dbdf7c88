"""entry_of: the entry of a trained model in a comparison, and what its training and its code tell."""

from collections.abc import Mapping, Sequence
from typing import Any

from kerasae.data import Data
from kerasae.metrics.comparison import Entry, measure
from kerasae.models import Autoencoder
from kerasae.recipe import Recipe
from kerasae.training import still_falling

#: Number of validation rows over which the use of a code is measured.
_ROWS = 5_000


def entry_of(
    name: str,
    model: Autoencoder,
    data: Data,
    recipe: Recipe,
    epochs: Sequence[Mapping[str, float]],
    seconds: float,
    **figures: Any,
) -> Entry:
    """Return the entry of a trained model.

    Args:
        name: Name of the row.
        model: Trained model.
        data: Data on whose test split it is measured.
        recipe: Recipe of the training.
        epochs: Terms of the loss in each epoch.
        seconds: Wall time of the training, in seconds.
        **figures: Further figures.
    """
    figures |= {"still_falling": still_falling(epochs, recipe.complete().train), **_unused(model, data)}
    entry = measure(name, model, data, seconds=seconds, seed=recipe.train.get("seed"), **figures)
    entry.histories.append([{**epoch} for epoch in epochs])
    return entry


def _unused(model: Autoencoder, data: Data) -> dict[str, int]:
    """Return the number of unused units over validation rows, or over test rows if there are no others."""
    split = "validation" if len(data.validation) else "test"
    return model.unused_units(data.drawn(split, _ROWS).split(split).examples)
