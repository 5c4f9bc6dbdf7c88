"""Pretraining: a classifier from few labels, on an encoder that was trained without labels."""

from kerasae.applications.pretraining.estimator import Pretraining

__all__ = ["Pretraining"]
