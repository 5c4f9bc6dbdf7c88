"""Canvas: a figure that shows every text as it was written."""

import io
import warnings
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import LogFormatter


class Canvas(Figure):
    """A Matplotlib figure that never parses text as mathematics.

    A label such as `$` or `$5 to $10` is a user's text. Matplotlib would parse it as a formula and fail. Only
    the powers of ten on logarithmic axes, which Matplotlib writes itself, are formulas. A character that the
    font lacks is drawn as a box, without a warning.
    """

    @cached_property
    def png(self) -> bytes:
        """The figure as a PNG. It is drawn once, so later changes of the figure are not in it."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", facecolor="white")
        return buffer.getvalue()

    def draw(self, renderer: Any) -> None:
        powers = {id(label) for label in self._powers()}
        for text in self.findobj(Text):
            if isinstance(text, Text) and id(text) not in powers:
                text.set_parse_math(False)
                # A file name that is not UTF-8 holds surrogates.
                text.set_text(text.get_text().encode("utf-8", "backslashreplace").decode())
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"Glyph \d+", UserWarning)
            super().draw(renderer)

    def _powers(self) -> Iterator[Artist]:
        """Give the tick labels of logarithmic axes."""
        for place in self.axes:
            for axis in (place.xaxis, place.yaxis):
                for formatter, ticks in (
                    (axis.get_major_formatter(), axis.get_major_ticks()),
                    (axis.get_minor_formatter(), axis.get_minor_ticks()),
                ):
                    if isinstance(formatter, LogFormatter):
                        for tick in ticks:
                            yield from (tick.label1, tick.label2)


def legend_label(name: str) -> str:
    """Return a name as the label of a line or of points. Matplotlib hides labels that begin with `_`."""
    return f"\u200b{name}" if name.startswith("_") else name
