"""Types of arguments: a path or an address, and folders that are written."""

from pathlib import Path
from typing import Any

import click


class PathOrAddress(click.ParamType):
    """A path, or an address such as `s3://bucket/ship`, which stays a text."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        """Return a path, or the address."""
        from kerasae.remote import is_address

        return value if is_address(value) else Path(value)


class LocalFolder(click.ParamType):
    """Path of a folder of this machine; an address is refused before seconds go by for TensorFlow."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path.

        Raises:
            ValueError: If it is an address.
        """
        from kerasae.files import check_local

        check_local(value)
        return Path(value)


class NewFolder(click.ParamType):
    """Path of a folder that is to be made; it is checked before seconds go by for TensorFlow."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path.

        Raises:
            FileExistsError: If it exists.
        """
        from kerasae.files import check_new

        check_new(value)
        return Path(value)
