"""The documentation is built without a warning, and asks for nothing from elsewhere."""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag, urlparse

import pytest
from pages import ROOT


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The built site. The gallery's scripts run, so that this takes minutes."""
    source, built = (tmp_path_factory.mktemp("site") / name for name in ("docs", "html"))
    # The build writes pages beside its sources.
    ignored = shutil.ignore_patterns("examples", "api", "__pycache__")
    shutil.copytree(ROOT / "docs", source, ignore=ignored)
    # Pages quote files from elsewhere in the repository.
    for folder in ("benchmarks", "tests"):
        (source.parent / folder).symlink_to(ROOT / folder)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", source, built]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-6000:]
    return built


@pytest.mark.slow
def test_every_example_of_the_gallery_has_a_picture(site):
    scripts = sorted(path.stem for path in (ROOT / "docs" / "gallery").glob("plot_*.py"))
    assert len(scripts) >= 15
    pictures = {path.name for path in (site / "_images").iterdir()}
    for script in scripts:
        assert any(re.fullmatch(rf"sphx_glr_{script}_\d+\.png", name) for name in pictures), script


@pytest.mark.slow
def test_pages_load_nothing_from_elsewhere(site):
    """Styles, scripts, fonts and pictures lie in the site; links that a reader follows may lead out."""
    loading = re.compile(
        r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"(?:https?:)?//"
        r"|<link\b[^>]*\brel=\"(?:stylesheet|preload|icon)\"[^>]*\bhref=\"(?:https?:)?//"
    )
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 60
    for page in pages:
        assert not loading.search(page.read_text(encoding="utf-8")), page
    for style in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(?:https?:)?//", style.read_text(encoding="utf-8")), style


class _Page(HTMLParser):
    """The anchors and the links of a page."""

    def __init__(self, text):
        super().__init__()
        self.anchors, self.links = {"", "top"}, set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.anchors |= {values.get("id"), values.get("name")}
        if link := values.get("href" if tag in ("a", "link") else "src"):
            self.links.add(link)


@pytest.mark.slow
def test_links_inside_the_site_lead_somewhere(site):
    """To a file, and after `#` to an anchor of it; also those of docstrings, the gallery and the index."""
    # A template of the theme is copied to `_static`, and is no page.
    files = [path for path in site.rglob("*.html") if "_static" not in path.parts]
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in files}
    checked = 0
    for path, page in pages.items():
        for link in page.links:
            if urlparse(link).scheme or link.startswith("//"):
                continue
            name, anchor = urldefrag(link)
            target = (path.parent / unquote(name.partition("?")[0])).resolve() if name else path
            assert target.exists(), f"{path.relative_to(site)}: {link}"
            if target in pages:
                checked += 1
                assert unquote(anchor) in pages[target].anchors, f"{path.relative_to(site)}: {link}"
    assert checked > 1000
