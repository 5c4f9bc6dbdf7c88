"""Thresholds on anomaly scores, one a file."""

from kerasae import registry
from kerasae.thresholds._base import Threshold

globals().update(registry.members("threshold"))

__all__ = ["Threshold", *registry.members("threshold")]
