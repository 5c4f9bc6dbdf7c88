"""Figures that are the same for every codec."""

from kerasae.evaluation._measures import reconstruct
from kerasae.evaluation._rows import Difference, RowSums, difference
from kerasae.evaluation.compare import Entry, compare
from kerasae.evaluation.metrics import evaluate, probe_accuracy
from kerasae.evaluation.pca import PCA

__all__ = [
    "PCA",
    "Difference",
    "Entry",
    "RowSums",
    "compare",
    "difference",
    "evaluate",
    "probe_accuracy",
    "reconstruct",
]
