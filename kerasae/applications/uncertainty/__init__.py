"""Uncertainty of reconstructions and scores, by row and by cell."""

from kerasae.applications.uncertainty.estimator import Uncertainty

__all__ = ["Uncertainty"]
