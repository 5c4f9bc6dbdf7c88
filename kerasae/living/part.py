"""Part: a part of a page that a reader works with, made of data and scripts of this package."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any, ClassVar

from markupsafe import Markup

from kerasae.report.page import template

#: Largest number of characters of a program on a page, about 200,000 weights.
MOST_CHARACTERS = 930_000
#: Scripts of all parts, in the order in which they are written.
_SHARED = ("operations.js", "program.js", "parts.js")


class Part:
    """Part of a page with a script. Abstract; a subclass is a dataclass with `title` and `caption`.

    The script first compares its numbers with those of Python, and stays hidden if they differ by more than
    1e-5 of the greatest one. A score is compared by itself, and below the threshold by 1e-5 of the threshold.
    """

    #: Whether it stands above the tables of text.
    leads: ClassVar[bool] = False
    #: Name of the script and of the class in HTML.
    kind: ClassVar[str]

    title: str
    caption: str

    def payload(self) -> dict[str, Any]:
        """Return what the script reads, as plain values."""
        raise NotImplementedError(f"{type(self).__name__} must write `payload`.")

    def html(self) -> Markup:
        """Return the part as HTML, with its data, style and scripts."""
        return Markup(
            template("living", "kerasae.living").render(
                title=self.title,
                caption=self.caption,
                kind=self.kind,
                data=self.payload(),
                style=_source("living.css"),
                script=_joined([*_SHARED, f"{self.kind}.js"]),
            )
        )


def _source(name: str) -> Markup:
    return Markup(files("kerasae.living").joinpath(name).read_text(encoding="utf-8").rstrip("\n"))


def _joined(names: Sequence[str]) -> Markup:
    return Markup("\n").join(_source(name) for name in names)
