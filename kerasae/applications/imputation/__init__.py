"""Imputation: what is missing, filled from what is there."""

from kerasae.applications.imputation.estimator import Imputer

__all__ = ["Imputer"]
