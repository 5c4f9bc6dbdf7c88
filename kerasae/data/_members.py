"""What a source says of itself, in the file of its function: the paths that it takes."""

import importlib
from pathlib import Path
from types import ModuleType

from kerasae import registry


def accepts(name: str, path: Path) -> bool:
    """Whether a source takes a path: what the function `accepts` beside it says; without one, no path."""
    module = _module(name)
    return hasattr(module, "accepts") and bool(module.accepts(path))


def path_arguments(name: str) -> tuple[str, ...]:
    """The arguments of a source that name files: `PATHS` beside it; without that, none."""
    return getattr(_module(name), "PATHS", ())


def _module(name: str) -> ModuleType:
    """The file of a source, which may be one of several in a package."""
    return importlib.import_module(registry.resolve("data", name).__module__)
