"""Tiny: int8 files for microcontrollers, as TFLite and as C, each with a test vector."""

from kerasae.export.formats.tiny.tiny import Tiny

__all__ = ["Tiny"]
