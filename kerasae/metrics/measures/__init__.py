"""Figures of a codec by the kind of its examples, one class in each file."""

from kerasae import registry
from kerasae.metrics.measures._base import Measures, measures_of

globals().update(registry.members("measures"))

__all__ = ["Measures", "measures_of", *registry.members("measures")]
