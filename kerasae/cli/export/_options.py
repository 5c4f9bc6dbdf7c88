"""Options of an export that click does not have: a flag for each format on request, and a tolerance."""

from collections.abc import Callable
from typing import Any

import click

from kerasae.cli._options import declared_by_all

#: Help text of each format that is written on request, by name.
ON_REQUEST = declared_by_all("export", "on_request")


def formats_on_request(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add a flag for each format on request, such as `--tiny`. The function receives the names as `also`."""
    for name, text in reversed(ON_REQUEST.items()):
        option = f"--{name.replace('_', '-')}"
        function = click.option(option, "also", flag_value=name, multiple=True, help=text)(function)
    return function


class _Tolerance(click.ParamType):
    """A measure and its bound: `agreement=0.99`."""

    name = "measure=value"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        """Return both."""
        if isinstance(value, tuple):
            return value
        name, _, number = value.partition("=")
        try:
            return name.strip(), float(number)
        except ValueError:
            self.fail(f"Expected MEASURE=NUMBER, received {value!r}.", param, ctx)


TOLERANCE = _Tolerance()
