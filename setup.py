"""The description of the package on PyPI: the README with links that lead to the repository."""

import re
from pathlib import Path

from setuptools import setup

PAGES = "https://github.com/kerasae/kerasae/blob/main/"
FILES = "https://raw.githubusercontent.com/kerasae/kerasae/main/"


def absolute(text: str) -> str:
    """Return Markdown whose links to files of the repository are addresses."""
    return re.sub(
        r"(!?)(\[[^\]]*\]\()(?![a-z]+:|#)",
        lambda found: found[1] + found[2] + (FILES if found[1] else PAGES),
        text,
    )


if __name__ == "__main__":
    readme = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
    # `setup.cfg` has all the rest.
    setup(long_description=absolute(readme), long_description_content_type="text/markdown")
