"""Reduction: fewer numbers for other tools, and a map to look at."""

from kerasae.applications.reduction.estimator import Reduction

__all__ = ["Reduction"]
