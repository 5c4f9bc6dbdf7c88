"""trainable: a TFLite file that goes on learning on the device."""

from kerasae.export.formats.trainable.trainable import trainable

__all__ = ["trainable"]
