"""The type of an argument that is a path or an address."""

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
