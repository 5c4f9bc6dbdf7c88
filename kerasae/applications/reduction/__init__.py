"""Dimensionality reduction: codes for other tools, and a map in two dimensions."""

from kerasae.applications.reduction.estimator import Reduction

__all__ = ["Reduction"]
