"""trainable: a TFLite file that goes on learning on the device."""

from kerasae.export.formats.trainable.trainable import Trainable

__all__ = ["Trainable"]
