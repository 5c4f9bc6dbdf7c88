"""Trainable: a TFLite file that can be trained on the device."""

from kerasae.export.formats.trainable.trainable import Trainable

__all__ = ["Trainable"]
