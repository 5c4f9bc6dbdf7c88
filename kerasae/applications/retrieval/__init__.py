"""Retrieval: what is like this example among those of the training."""

from kerasae.applications.retrieval.estimator import Retrieval

__all__ = ["Retrieval"]
