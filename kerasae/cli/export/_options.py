"""Options of an export that click does not have: a flag for each format on request, a tolerance, a size."""

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


tolerance_option = click.option(
    "--tolerance",
    type=_Tolerance(),
    multiple=True,
    help="Largest difference between artifact and model, or smallest agreement, in place of the default "
    "bound. The measures are max_deviation, mean_deviation, score_max_deviation, "
    "score_mean_deviation, agreement, error_ratio, score_shift, rank_correlation, decisions and "
    "first_reason. Repeatable.",
)


class _Size(click.ParamType):
    """Height and width of an image: `480x640`."""

    name = "heightxwidth"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Return both."""
        if isinstance(value, tuple):
            return value
        height, _, width = value.lower().partition("x")
        try:
            return int(height), int(width)
        except ValueError:
            self.fail(f"Expected HEIGHTxWIDTH in pixels, such as 480x640, received {value!r}.", param, ctx)


SIZE = _Size()
