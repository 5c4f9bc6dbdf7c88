"""The documentation is built without a warning, and asks for nothing from elsewhere."""

import re
import shutil
import subprocess
import sys

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
