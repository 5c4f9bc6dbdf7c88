"""C99: the decision and the networks as self-contained C, for any microcontroller."""

from kerasae.export.formats.c99.c99 import C99

__all__ = ["C99"]
