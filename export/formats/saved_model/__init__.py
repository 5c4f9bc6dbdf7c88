"""SavedModel: a version folder for TensorFlow Serving."""

from kerasae.export.formats.saved_model.saved_model import SavedModel

__all__ = ["SavedModel"]
