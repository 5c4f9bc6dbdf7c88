"""Types of option values that click does not have."""

import re
from typing import Any

import click


class Integers(click.ParamType):
    """Whole numbers, separated by commas: `2,4,8`."""

    name = "integer,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return the numbers."""
        try:
            return tuple(int(part) for part in value.split(","))
        except ValueError:
            self.fail(f"Expected whole numbers with ',' between, received {value!r}.", param, ctx)


class Bounds(click.ParamType):
    """The least and the greatest whole number, as `1-4`, or one for both."""

    name = "least-greatest"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Return both."""
        found = re.fullmatch(r"(\d+)(?:-(\d+))?", value.strip())
        if found is None:
            self.fail(f"Expected LEAST-GREATEST, such as 1-4, received {value!r}.", param, ctx)
        return int(found[1]), int(found[2] or found[1])


class Names(click.ParamType):
    """Names, separated by commas.

    Args:
        known: Names to show in the help. The command checks them.
    """

    name = "name,..."

    def __init__(self, known: list[str]) -> None:
        self.known = known

    def get_metavar(self, param: click.Parameter, *_: Any, **__: Any) -> str:
        """Return the choices."""
        return f"[{'|'.join(self.known)}],..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Return the names."""
        return tuple(part.strip() for part in value.split(","))
