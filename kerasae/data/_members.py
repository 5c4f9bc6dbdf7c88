"""What a source offers in the file of its function, beside the function itself.

A source is a function that returns `Data`. All of these are optional:

- `PATHS`: names of its arguments that name files. An address there, such as `s3://bucket/rows.csv`, is
  fetched, and the source is given the path of the copy.
- `CLAIMS`: names of arguments that make it the source of a path which others read too. A CSV file with the
  argument `column` holds texts, for example.
- `accepts(path)`: whether it reads a path. Without it, the source is only known by its name.
- `accepts_more(path)`: whether it reads more examples from a path, for a model that is trained. Defaults to
  `accepts`.
- `read_more(arguments, spec)`: the rows of a path, read as those of the training were; all are the test
  split unless an argument says otherwise. Defaults to the function itself with `test=1`.
"""

import dataclasses
import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from kerasae import registry
from kerasae.remote import copied, is_address, shown
from kerasae.spec import Spec

if TYPE_CHECKING:
    from kerasae.data._data import Data


def path_arguments(name: str) -> tuple[str, ...]:
    """Return the arguments of a source that name files."""
    return getattr(_module(name), "PATHS", ())


def claims(name: str) -> tuple[str, ...]:
    """Return the arguments that make a source that of a path which others read too."""
    return getattr(_module(name), "CLAIMS", ())


def accepts(name: str, path: Path, *, more: bool = False) -> bool:
    """Return whether a source reads a path.

    Args:
        name: Name of the source.
        path: File or folder.
        more: Whether more examples are read, for a model that is trained. Defaults to `False`.
    """
    module = _module(name)
    questions = ("accepts_more", "accepts") if more else ("accepts",)
    question = next((getattr(module, one) for one in questions if hasattr(module, one)), None)
    return question is not None and bool(question(path))


def read_source(name: str, arguments: dict[str, Any]) -> "Data":
    """Return the data of a source.

    Args:
        name: Name of the source.
        arguments: Arguments of the source, with paths or addresses of files.
    """
    function: Any = registry.resolve("data", name)
    return _from_copies(name, arguments, lambda local: function(**local))


def read_more(name: str, arguments: dict[str, Any], spec: Spec) -> "Data":
    """Return the rows of a source, read as those of a training were; by default all are the test split.

    Args:
        name: Name of the source.
        arguments: Arguments of the source; those of the training if it is the same source.
        spec: Fitted spec of the training.
    """
    module = _module(name)
    if hasattr(module, "read_more"):
        return _from_copies(name, arguments, lambda local: module.read_more(local, spec))
    function: Any = registry.resolve("data", name)
    all_rows = {"test": 1.0} if "test" in inspect.signature(function).parameters else {}
    return _from_copies(name, arguments, lambda local: function(**{**all_rows, **local}))


def _from_copies(
    name: str, arguments: dict[str, Any], function: "Callable[[dict[str, Any]], Data]"
) -> "Data":
    """Call a function with the paths of copies in place of addresses. Skipped rows are told by address."""
    addresses = {key: arguments[key] for key in path_arguments(name) if is_address(arguments.get(key))}
    data = function({**arguments, **{key: str(copied(address)) for key, address in addresses.items()}})
    return dataclasses.replace(data, skipped=tuple(map(shown, data.skipped))) if addresses else data


def _module(name: str) -> ModuleType:
    """The file of a source, which may be one of several in a package."""
    return importlib.import_module(registry.resolve("data", name).__module__)
