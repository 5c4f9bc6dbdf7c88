"""The recipe of a training: that of an interrupted one, of the run it goes on from, or a new one."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from kerasae.recipe import Recipe


def resumed_recipe(out: Path | str, settings: dict[str, Any], *others: Any) -> "Recipe":
    """Return the recipe of the interrupted training in a folder; any other argument is refused."""
    from kerasae.workflows.training import resumed

    if received := next((other for other in others if other is not None), None):
        raise click.UsageError(
            "--resume repeats the interrupted recipe; expected no more than --out, --log-to, --callback, "
            f"--learning-rate and --set train.clip_norm=VALUE, received {received}."
        )
    return resumed(out, settings)


def continued_recipe(
    start: Path, source: str | None, settings: dict[str, Any], recipe_path: Path | None
) -> "Recipe":
    """Return the recipe of a training that goes on from the weights of a run."""
    from kerasae.workflows import continued

    if recipe_path is not None or "preset" in settings:
        raise click.UsageError(
            "--from takes the recipe of the run; expected neither --recipe nor --preset beside it."
        )
    return continued(start, source, settings)
