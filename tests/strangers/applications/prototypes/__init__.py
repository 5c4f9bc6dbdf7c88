"""Prototypes: the few examples that stand for all others."""

from kerasae.applications.prototypes.estimator import Prototypes

__all__ = ["Prototypes"]
