"""Presets, one in each file: `--preset NAME` applies these settings before all others."""

from typing import Any

from kerasae import registry
from kerasae.spec import Spec


def settings(name: str, spec: Spec) -> dict[str, Any]:
    """Return the settings of a preset, as `Recipe.override` takes them.

    Args:
        name: Name of the preset.
        spec: Spec of the examples.

    Raises:
        ValueError: If the name is unknown.
    """
    values: dict[str, Any] = registry.resolve("preset", name)(spec)
    return values
