"""Runs in MLflow, and a bundle as a model of MLflow: see `tracker.py` and `model.py`."""

from kerasae.trackers.mlflow.tracker import MlflowTracker

__all__ = ["MlflowTracker"]
