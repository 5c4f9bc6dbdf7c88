"""Thresholds on anomaly scores, one a file."""

from kerasae import registry

globals().update(registry.members("threshold"))

__all__ = [*registry.members("threshold")]
