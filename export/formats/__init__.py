"""Formats of an export, one file or package each, and their base class."""

from kerasae.export.formats._base import Format
from kerasae.export.formats._draft import Draft, Runtime
from kerasae.export.formats._limits import Limit, arrays_only, no_layers

__all__ = ["Draft", "Format", "Limit", "Runtime", "arrays_only", "no_layers"]
