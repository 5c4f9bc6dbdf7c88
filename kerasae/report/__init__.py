"""Pictures and pages, from arrays and dicts alone."""

from kerasae.report import figures, page, sheet
from kerasae.report.values import Best, as_text

__all__ = ["Best", "as_text", "figures", "page", "sheet"]
