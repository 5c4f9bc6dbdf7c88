"""Pictures and pages, from arrays and dicts alone."""

from kerasae.report import figures, page
from kerasae.report.values import as_text

__all__ = ["as_text", "figures", "page"]
