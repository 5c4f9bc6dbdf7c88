"""A page of the reference for each public package, written before a build from what the package offers."""

import importlib
from pathlib import Path

from sphinx.application import Sphinx

#: Public packages, in the order of the reference.
PACKAGES = (
    "kerasae",
    "kerasae.workflows",
    "kerasae.applications",
    "kerasae.sklearn",
    "kerasae.models",
    "kerasae.networks",
    "kerasae.layers",
    "kerasae.penalties",
    "kerasae.corruptions",
    "kerasae.losses",
    "kerasae.preprocessing",
    "kerasae.data",
    "kerasae.baselines",
    "kerasae.scores",
    "kerasae.thresholds",
    "kerasae.metrics",
    "kerasae.presets",
    "kerasae.training",
    "kerasae.runs",
    "kerasae.codec",
    "kerasae.tuning",
    "kerasae.export",
    "kerasae.trackers",
    "kerasae.progress",
)


def write_pages(app: Sphinx) -> None:
    """Write `reference/api/PACKAGE.rst` for each package, and remove pages of packages that are gone."""
    folder = Path(app.srcdir) / "reference" / "api"
    folder.mkdir(parents=True, exist_ok=True)
    for old in {path.stem for path in folder.glob("*.rst")} - {*PACKAGES}:
        (folder / f"{old}.rst").unlink()
    for package in PACKAGES:
        # Without `__all__` the names that a module imports are not its own.
        offered = hasattr(importlib.import_module(package), "__all__")
        options = "   :imported-members:\n" if offered else ""
        # What the first page shows has its place on the page of its room.
        options += "   :no-index:\n" if package == "kerasae" else ""
        text = f"{package}\n{'=' * len(package)}\n\n.. automodule:: {package}\n{options}"
        path = folder / f"{package}.rst"
        # A page that did not change keeps its time, so that it is not built again.
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before each build."""
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
