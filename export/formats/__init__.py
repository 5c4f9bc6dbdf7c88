"""The formats of an export, one file or package each, and the base that they share."""

from kerasae.export.formats._base import Format
from kerasae.export.formats._draft import Draft, Runtime

__all__ = ["Draft", "Format", "Runtime"]
