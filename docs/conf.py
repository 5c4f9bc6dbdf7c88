"""Settings of Sphinx for the documentation: `python -m sphinx -W -b html docs build/docs`.

Nothing is loaded from elsewhere, neither in the build nor by the pages.
"""

import importlib.metadata
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path[:0] = [str(Path(__file__).parent / "_extensions"), str(Path(__file__).parent / "gallery")]


project = "kerasae"
author = "The kerasae developers"
copyright = "The kerasae developers; Apache-2.0"
release = version = importlib.metadata.version(project)

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "mathml",
    "api_pages",
]
exclude_patterns = ["_extensions", "gallery"]
root_doc = "index"
nitpicky = False

# Markdown: formulas in dollars, and links to the headings of a page.
myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 3

# Docstrings: Google's sections; single backticks are code.
default_role = "code"
# Of Keras itself only what a class changes is described.
autodoc_default_options = {"members": True, "exclude-members": "from_config"}
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Call arguments", "params_style")]
napoleon_use_ivar = True

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "examples",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"gallery_style\.py",
    # Names in place of functions, so that Sphinx can compare the settings of two builds.
    "within_subsection_order": "gallery_style.order",
    "reset_modules": ("gallery_style.reset",),
    "image_scrapers": ("matplotlib",),
    "capture_repr": (),
    "remove_config_comments": True,
    "abort_on_example_error": True,
    "thumbnail_size": (480, 360),
    # Neither times nor signatures: they would differ in each build.
    "min_reported_time": 1e9,
    "show_signature": False,
    "write_computation_times": False,
    "download_all_examples": False,
}

html_theme = "pydata_sphinx_theme"
html_title = "kerasae"
html_static_path = ["_static"]
html_css_files = ["kerasae.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "show_nav_level": 1,
    "navigation_with_keys": False,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"results": [], "troubleshooting": []}
