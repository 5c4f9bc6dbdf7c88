"""TFLite: a file for devices with all signatures, of builtin operations only."""

from kerasae.export.formats.tflite.tflite import TFLite

__all__ = ["TFLite"]
