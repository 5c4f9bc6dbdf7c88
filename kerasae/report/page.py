"""One self-contained HTML page: a table, sentences and figures, with nothing to fetch."""

import base64
import dataclasses
import io
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from kerasae.files import write_text
from kerasae.report.canvas import Canvas

#: Behind it a page has nothing but sections.
_SECTIONS = "<!-- sections -->"


@dataclasses.dataclass(frozen=True)
class Picture:
    """A figure with its heading and what to see in it."""

    title: str
    caption: str
    figure: Canvas


@dataclasses.dataclass(frozen=True)
class Listing:
    """A table of text with its heading and what to see in it."""

    title: str
    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def render(
    title: str,
    subtitle: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    findings: Sequence[tuple[bool, str]],
    pictures: Sequence[Picture],
    notes: Sequence[str] = (),
    listings: Sequence[Listing] = (),
    sections: Sequence[str] = (),
) -> str:
    """The page as HTML.

    Args:
        title: of the page.
        subtitle: a line below it.
        headings: of the table's columns.
        rows: of the table, as text; the best of a column is a `Best`.
        findings: sentences on top, each with whether it is good news.
        pictures: in order.
        notes: how the figures were obtained, below the table.
        listings: tables of text, before the pictures; a row whose first cell is indented belongs to
            the row above.
        sections: more parts, as `render_section` gives them, at the end.
    """
    return _template("page").render(
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
    pictures: Sequence[Picture],
    notes: Sequence[str] = (),
    listings: Sequence[Listing] = (),
) -> str:
    """A part of a page as HTML, under a title of its own; the rest is as for `render`."""
    return f"<h1>{escape(title)}</h1>\n{_body(headings, rows, findings, pictures, notes, listings)}"


def read_sections(folder: Path) -> list[str]:
    """The sections that lie in a run, in the order of their names."""
    return [part.read_text(encoding="utf-8") for part in sorted((folder / "sections").glob("*.html"))]


def replace_sections(path: Path, sections: Sequence[str]) -> None:
    """Writes a page anew with other sections, the rest as it is."""
    html = path.read_text(encoding="utf-8")
    begin, mark, _ = html.partition(_SECTIONS)
    if mark:
        write(path, "\n".join([begin + mark, *sections, "</body>", "</html>", ""]))


def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    source = files("kerasae.report").joinpath(f"{name}.html.jinja").read_text(encoding="utf-8")
    return environment.from_string(source)


def _body(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    findings: Sequence[tuple[bool, str]],
    pictures: Sequence[Picture],
    notes: Sequence[str],
    listings: Sequence[Listing],
) -> str:
    return _template("section").render(
        headings=headings,
        rows=rows,
        findings=findings,
        notes=notes,
        listings=listings,
        pictures=[(p.title, p.caption, encode(p.figure)) for p in pictures],
    )


def encode(figure: Canvas) -> str:
    """A figure as the base64 text of a PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", facecolor="white")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def write(path: Path, html: str) -> None:
    """Writes the page, whole or not at all."""
    write_text(path, html)
