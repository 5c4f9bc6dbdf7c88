"""ONNX: one file through Keras's own exporter, for runtimes that are neither TensorFlow nor TFLite."""

from kerasae.export.formats.onnx.onnx import ONNX

__all__ = ["ONNX"]
