"""Anomalies: which examples are odd, how sure that is, and why."""

from kerasae.applications.anomaly.estimator import AnomalyDetector

__all__ = ["AnomalyDetector"]
