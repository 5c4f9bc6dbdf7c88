"""Settings of sphinx-gallery for conf.py. This file is not an example; it can be removed once they are there.

Tested with Sphinx 9.0 and sphinx-gallery 0.22, with `fail_on_warning` off and no network.
"""

extensions = ["sphinx_gallery.gen_gallery"]  # add it to the others

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "auto_gallery",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"__init__\.py|conf_snippet\.py|gallery_style\.py",
    # Strings in place of functions, so that Sphinx can pickle the configuration. docs/gallery must be on
    # sys.path, see below.
    "within_subsection_order": "gallery_style.order",
    "image_scrapers": ("matplotlib",),
    "reset_modules": ("gallery_style.reset",),
    "capture_repr": (),
    "matplotlib_animations": False,
    "remove_config_comments": True,
    "show_memory": False,
    "min_reported_time": 1e9,
    "show_signature": False,
    "download_all_examples": False,
    "write_computation_times": False,
    "plot_gallery": "True",
    "abort_on_example_error": True,
    "thumbnail_size": (480, 360),
    "first_notebook_cell": "# pip install kerasae matplotlib",
    "backreferences_dir": None,
}

# In conf.py, above sphinx_gallery_conf:
#     import sys
#     from pathlib import Path
#     sys.path.insert(0, str(Path(__file__).parent / "gallery"))
# and, as the links to the downloads of each page need no note at its top:
#     suppress_warnings = ["config.cache"]
#     html_css_files = ["gallery.css"]  with  .sphx-glr-download-link-note { display: none; }
