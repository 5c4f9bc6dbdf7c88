"""Imputation: missing entries, filled from the present ones."""

from kerasae.applications.imputation.estimator import Imputer

__all__ = ["Imputer"]
