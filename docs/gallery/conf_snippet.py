"""Settings of sphinx-gallery for docs/conf.py. This file is no example; delete it once they are there.

Tested with Sphinx 9.0, sphinx-gallery 0.22 and the theme pydata, on plot_calibration.py: offline, without a
warning.
"""

import sys
from pathlib import Path

# gallery_style.py lies beside the scripts: the look of the figures, and the order of the scripts.
sys.path.insert(0, str(Path(__file__).parent / "gallery"))  # in conf.py; here it would be .parent

extensions = ["sphinx_gallery.gen_gallery"]  # add it to the others

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "auto_gallery",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"__init__\.py|conf_snippet\.py|gallery_style\.py",
    # Strings in place of functions, so that Sphinx can pickle the configuration.
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

# The folder of the scripts is no part of the site; the toctree of the site names auto_gallery/index.
exclude_patterns = ["gallery"]

# sphinx-gallery writes a note "Go to the end to download ..." at the top of each page. In a file of
# html_css_files this hides it:
#     .sphx-glr-download-link-note { display: none; }
#
# `plot_gallery = False` in sphinx_gallery_conf, or `sphinx-build -D plot_gallery=0`, builds the pages without
# running the scripts.
