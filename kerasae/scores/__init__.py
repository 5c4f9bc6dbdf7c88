"""Anomaly scores, one a file: how odd an example is, from its residual and its code."""

from kerasae import registry

globals().update(registry.members("score"))

__all__ = [*registry.members("score")]
