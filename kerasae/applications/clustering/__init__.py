"""Clustering: groups of examples that are alike, found in their codes without a label."""

from kerasae.applications.clustering.estimator import Clustering

__all__ = ["Clustering"]
