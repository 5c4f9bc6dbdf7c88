"""Anomaly scores, one a file: how odd an example is, from its residual and its code."""

from kerasae import registry
from kerasae.scores._base import Score
from kerasae.scores._detector import Detector

globals().update(registry.members("score"))

__all__ = ["Detector", "Score", *registry.members("score")]
