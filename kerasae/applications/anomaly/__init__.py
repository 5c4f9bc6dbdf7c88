"""Anomaly detection: scores, a threshold and reasons for each example."""

from kerasae.applications.anomaly.estimator import AnomalyDetector

__all__ = ["AnomalyDetector"]
