"""Pictures and pages, from arrays and dicts alone."""

from kerasae.report import figures, page

__all__ = ["figures", "page"]
