"""Figures, pages and sheets, made from arrays and dicts only."""

from kerasae.report import figures, page, sheet
from kerasae.report.values import Best, as_text, with_error

__all__ = ["Best", "as_text", "figures", "page", "sheet", "with_error"]
