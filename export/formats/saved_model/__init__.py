"""SavedModel: a version folder for TensorFlow Serving."""

from kerasae.export.formats.saved_model.saved_model import saved_model

__all__ = ["saved_model"]
