"""Settings that belong together, one purpose a file: what `--preset NAME` sets before all other settings."""

from typing import Any

from kerasae import registry
from kerasae.spec import Spec


def settings(name: str, spec: Spec) -> dict[str, Any]:
    """The settings of a preset for examples of a spec, as `Recipe.override` takes them.

    Raises:
        ValueError: for an unknown name.
    """
    found: dict[str, Any] = registry.resolve("preset", name)(spec)
    return found
