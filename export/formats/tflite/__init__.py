"""TFLite: one file for devices, all signatures, builtin operations alone."""

from kerasae.export.formats.tflite.tflite import tflite

__all__ = ["tflite"]
