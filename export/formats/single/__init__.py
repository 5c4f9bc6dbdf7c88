"""Single: a TFLite file with one signature, for runtimes that take one graph."""

from kerasae.export.formats.single.single import Single

__all__ = ["Single"]
