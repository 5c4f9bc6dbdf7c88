"""Figures of any codec, computed in the same way for all."""

from kerasae.metrics._auroc import auroc_rows
from kerasae.metrics._measures import codes_of, reconstruct
from kerasae.metrics._metric import Metric
from kerasae.metrics._rows import Difference, RowFigure, RowInfluences, RowSums, difference, jackknife
from kerasae.metrics.comparison import Entry, compare
from kerasae.metrics.evaluation import evaluate, probe_accuracy

__all__ = [
    "Difference",
    "Entry",
    "Metric",
    "RowFigure",
    "RowInfluences",
    "RowSums",
    "auroc_rows",
    "codes_of",
    "compare",
    "difference",
    "evaluate",
    "jackknife",
    "probe_accuracy",
    "reconstruct",
]
