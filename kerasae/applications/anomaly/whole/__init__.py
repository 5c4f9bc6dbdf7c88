"""Anomalies in images of any size: images whole, by a detector that was fitted on crops of images."""

from kerasae.applications.anomaly.whole.finding import whole_finding_of
from kerasae.applications.anomaly.whole.images import WholeImages

__all__ = ["WholeImages", "whole_finding_of"]
