"""The settings of a search, from the values of its options."""

from typing import TYPE_CHECKING, Any

import click

from kerasae.cli._streams import note

if TYPE_CHECKING:
    from kerasae.recipe import Recipe
    from kerasae.tuning import Settings


def settings_of(recipe: "Recipe", values: dict[str, Any], size: int | None = None) -> "Settings":
    """Return the settings of a search.

    Args:
        recipe: Recipe that is searched around.
        values: Values of `search_options`, by name.
        size: Only code size to try where the options name none. Defaults to none.
    """
    from kerasae.tuning import Budget, Settings, Space

    sizes = values["latent_dims"]
    if sizes is not None and size is not None:
        raise click.UsageError("Expected --latent-dim or --latent-dims, received both.")
    if sizes is None and size is not None:
        sizes = (size,)
        note(f"Only codes of {size} are searched; --latent-dims 2,4,8,16,32 compares several sizes.")
    return Settings(
        recipe,
        Space(
            latent_dims=sizes,
            depths=values["depths"] or Space().depths,
            widest=values["widest"],
            families=values["models"] or (),
            also=values["search"] or (),
            windows=values["windows"] or (),
        ),
        values["trials"],
        values["objective"],
        values["tuner"],
        Budget(*(values[f"budget_{name}"] for name in ("params", "bytes", "latency", "precision"))),
        values["tensorboard"],
    )
