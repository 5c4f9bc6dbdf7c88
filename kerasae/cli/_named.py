"""Types of arguments: what a user names is checked before seconds go by for TensorFlow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


class Source(click.ParamType):
    """Name, path or address of examples. A name is known, and something is where a path leads.

    Args:
        names: Whether names are checked. Defaults to True.
    """

    name = "text"

    def __init__(self, names: bool = True) -> None:
        self._names = names

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text.

        Raises:
            FileNotFoundError: If it is a path that leads nowhere.
            ValueError: If it is an unknown name.
        """
        from kerasae import registry
        from kerasae.files import check_there, is_name

        # An address, or the name of a source and a path, is read by the command.
        if ":" not in value:
            check_there(value)
            if is_name(value) and self._names:
                registry.check_name("data", value)
        return str(value)


class Folder(click.ParamType):
    """Path or address of a folder with a certain content.

    Args:
        check: Name of the function of `kerasae.files` that checks the content.
    """

    name = "path"

    def __init__(self, check: str) -> None:
        self._check = check

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        """Return the path, or the address.

        Raises:
            FileNotFoundError: If the folder has another content.
        """
        from kerasae import files
        from kerasae.remote import is_address

        if is_address(value):
            return str(value)
        check: Callable[[Path], None] = getattr(files, self._check)
        check(Path(value))
        return Path(value)


#: Folder of a finished run.
RUN = Folder("check_run")
#: Folder of an export bundle.
BUNDLE = Folder("check_bundle")
#: Folder of either.
RUN_OR_BUNDLE = Folder("check_run_or_bundle")
