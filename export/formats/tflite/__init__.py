"""TFLite: one file for devices, all signatures, builtin operations alone."""

from kerasae.export.formats.tflite.tflite import TFLite

__all__ = ["TFLite"]
