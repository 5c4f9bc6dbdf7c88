"""Retrieval: the training rows that are most similar to an example."""

from kerasae.applications.retrieval.estimator import Retrieval

__all__ = ["Retrieval"]
