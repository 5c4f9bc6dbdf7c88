"""Pretraining: a classifier from few labels, on an encoder that was trained without any."""

from kerasae.applications.pretraining.estimator import Pretraining

__all__ = ["Pretraining"]
