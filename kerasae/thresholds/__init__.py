"""Thresholds on anomaly scores, one in each file."""

from kerasae import registry
from kerasae.thresholds._base import Threshold, clear_of

globals().update(registry.members("threshold"))

__all__ = ["Threshold", "clear_of", *registry.members("threshold")]
