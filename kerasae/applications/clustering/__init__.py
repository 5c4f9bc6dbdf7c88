"""Clustering: groups of similar examples, found in their codes without labels."""

from kerasae.applications.clustering.estimator import Clustering

__all__ = ["Clustering"]
