"""Uncertainty: how far a reconstruction and a score can be trusted, row by row and cell by cell."""

from kerasae.applications.uncertainty.estimator import Uncertainty

__all__ = ["Uncertainty"]
