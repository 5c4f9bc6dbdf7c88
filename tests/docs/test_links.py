"""Links between pages lead to a file and, after `#`, to a heading. The built site is checked in test_site.py.

    python tests/docs/test_links.py

lists the links to other sites, which no test follows; `sphinx -b linkcheck docs build/links` does, with a
network.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.md")})
PAGES = [page for page in PAGES if not {"examples", "api"} & {*page.parts}]


def prose(page: Path) -> str:
    """The text of a page without its blocks and code in a line."""
    text = re.sub(r"^(`{3,}).*?^\1$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", text)


def links(page: Path) -> Iterator[str]:
    """The targets of a page: in parentheses, in angle brackets, and of definitions."""
    text = prose(page)
    yield from re.findall(r"\]\(<?([^)\s>]+)", text)
    yield from re.findall(r"<(https?://[^>\s]+)>", text)
    yield from re.findall(r"^\[[^\]]+\]: (\S+)", text, re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors of the headings of a page, as GitHub and MyST make them."""
    text = re.sub(r"^(`{3,}).*?^\1$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", heading)).strip() for heading in headings]
    named = re.findall(r"^\(([\w-]+)\)=$", text, re.MULTILINE)
    return {heading.lower().replace(" ", "-") for heading in plain} | {*named}


def is_external(target: str) -> bool:
    return re.match(r"\w+:", target) is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in links(page):
        if is_external(target):
            assert re.match(r"https://[\w.-]+\.\w+(/|$)|mailto:", target), target
            continue
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        assert place.exists() or "examples/" in path or "reference/api/" in path, target
        if anchor and place.suffix == ".md":
            assert anchor in anchors(place), target


def test_there_are_links_of_every_kind():
    """So that the patterns above find them."""
    found = [(page, target) for page in PAGES for target in links(page)]
    assert len(found) > 300
    assert any(is_external(target) for _, target in found)
    assert any("#" in target and not is_external(target) for _, target in found)


if __name__ == "__main__":
    for one in PAGES:
        for to in filter(is_external, links(one)):
            print(f"{one.relative_to(ROOT)}: {to}")
