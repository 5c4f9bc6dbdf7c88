"""A self-contained HTML page: a table, sentences and figures. It loads no other files."""

import base64
import dataclasses
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import ClassVar, Protocol

import jinja2
from markupsafe import Markup, escape

from kerasae.files import write_text
from kerasae.report.canvas import Canvas
from kerasae.report.meanings import meanings

#: Mark in a page after which only sections follow.
_SECTIONS = "<!-- sections -->"


class Part(Protocol):
    """Protocol of what stands on a page beside the tables: a picture, a chart, or a part with a script."""

    #: Whether it stands above the tables of text.
    leads: ClassVar[bool]

    def html(self) -> Markup:
        """Return it as HTML."""


@dataclasses.dataclass(frozen=True)
class Picture:
    """A figure with its heading and caption."""

    title: str
    caption: str
    figure: Canvas

    #: Whether it stands above the tables of text.
    leads: ClassVar[bool] = False

    def html(self) -> Markup:
        """Return the picture as a part of a page."""
        return Markup(
            '<h2>{}</h2>\n<p class="caption">{}</p>\n<img class="{}" src="data:image/png;base64,{}" alt="{}">'
        ).format(self.title, self.caption, paper(self.figure), encode(self.figure), self.title)


@dataclasses.dataclass(frozen=True)
class Listing:
    """A table of text with its heading and caption.

    Args:
        title: Heading.
        caption: Sentence below the heading.
        headings: Headings of the columns.
        rows: Cells of each row.
        filtered: Number of the column by whose values a reader can filter. The table can then be searched and
            sorted too, with a script of the page. Defaults to `None`, a plain table.
        stamps: Numbers of the first and the last stamp, and of the peak, of each row in the chart above. A
            click on the row shows them there. Defaults to `None`.
    """

    title: str
    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    filtered: int | None = None
    stamps: Sequence[Sequence[int]] | None = None


class Place(str):
    """A cell with a drawing of where a number lies: a track, a band of usual numbers, a limit and a dot.

    Attributes:
        band: Ends of the band, each in [0, 1], as a share of the track.
        limit: Place of the limit, in [0, 1].
        dot: Place of the number, in [0, 1].
    """

    band: tuple[float, float]
    limit: float
    dot: float

    @classmethod
    def of(cls, text: str, band: tuple[float, float], limit: float, dot: float) -> "Place":
        """Return a cell with a text for search and for readers without the drawing."""
        place = cls(text)
        place.band, place.limit, place.dot = band, limit, dot
        return place


def render(
    title: str,
    subtitle: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    findings: Sequence[tuple[bool, str]],
    pictures: Sequence[Part],
    notes: Sequence[str] = (),
    listings: Sequence[Listing] = (),
    sections: Sequence[str] = (),
) -> str:
    """Return the page as HTML.

    Args:
        title: Title of the page.
        subtitle: Line below the title.
        headings: Headings of the columns of the table.
        rows: Rows of the table, as text. The best cell of a column is a `Best`.
        findings: Sentences at the top, each with a flag that is `True` for good news.
        pictures: Figures, in order.
        notes: Notes on how the numbers were obtained, below the table. Defaults to none.
        listings: Tables of text, before the figures. A row whose first cell is indented belongs to the row
            above. Defaults to none.
        sections: Further parts at the end, as `render_section` returns them. Defaults to none.
    """
    return template("page").render(
        style=_source("page.css"),
        script=_source("page.js"),
        title=title,
        subtitle=subtitle,
        body=Markup(_body(headings, rows, findings, pictures, notes, listings)),
        mark=Markup(_SECTIONS),
        sections=[Markup(section) for section in sections],
    )


def render_section(
    title: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    findings: Sequence[tuple[bool, str]],
    pictures: Sequence[Part],
    notes: Sequence[str] = (),
    listings: Sequence[Listing] = (),
) -> str:
    """Return a part of a page as HTML, under its own title. The arguments are those of `render`."""
    return f"<h1>{escape(title)}</h1>\n{_body(headings, rows, findings, pictures, notes, listings)}"


def read_sections(folder: Path) -> list[str]:
    """Return the sections in the folder of a run, in the order of their names."""
    return [part.read_text(encoding="utf-8") for part in sorted((folder / "sections").glob("*.html"))]


def replace_sections(path: Path, sections: Sequence[str]) -> None:
    """Replace the sections of a page. The rest stays unchanged."""
    html = path.read_text(encoding="utf-8")
    begin, mark, _ = html.partition(_SECTIONS)
    if mark:
        write(path, "\n".join([begin + mark, *sections, "</body>", "</html>", ""]))


def template(name: str, package: str = "kerasae.report") -> jinja2.Template:
    """Return the template `name.html.jinja` of a package."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    source = files(package).joinpath(f"{name}.html.jinja").read_text(encoding="utf-8")
    return environment.from_string(source)


def _body(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    findings: Sequence[tuple[bool, str]],
    pictures: Sequence[Part],
    notes: Sequence[str],
    listings: Sequence[Listing],
) -> str:
    return template("section").render(
        headings=headings,
        rows=rows,
        meanings=meanings(headings),
        findings=findings,
        notes=notes,
        listings=listings,
        leading=[picture.html() for picture in pictures if picture.leads],
        pictures=[picture.html() for picture in pictures if not picture.leads],
    )


def _source(name: str) -> Markup:
    return Markup(files("kerasae.report").joinpath(name).read_text(encoding="utf-8"))


def paper(figure: Canvas) -> str:
    """Return the class of a picture: `photo` if it shows images, whose colours no dark page may change."""
    return "photo" if any(place.images for place in figure.axes) else "drawing"


def encode(figure: Canvas) -> str:
    """Return a figure as the base64 text of a PNG."""
    return base64.b64encode(figure.png).decode("ascii")


def write(path: Path, html: str) -> None:
    """Write the page, completely or not at all."""
    write_text(path, html)
