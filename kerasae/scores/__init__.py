"""Anomaly scores, one in each file: computed from the residual, the likelihood and the code of an example."""

from kerasae import registry
from kerasae.scores._base import Score
from kerasae.scores._detector import REASONS, Detector
from kerasae.scores._expectation import Expectation, picked
from kerasae.scores._residual import ResidualScore

globals().update(registry.members("score"))

__all__ = [
    "REASONS",
    "Detector",
    "Expectation",
    "ResidualScore",
    "Score",
    "picked",
    *registry.members("score"),
]
