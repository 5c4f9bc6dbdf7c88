"""Figures of any codec, computed in the same way for all."""

from kerasae.metrics._auroc import auroc_rows
from kerasae.metrics._codes import codes_of, reconstruct
from kerasae.metrics._metric import Metric
from kerasae.metrics._rows import Difference, RowFigure, RowInfluences, RowSums, difference, jackknife
from kerasae.metrics.comparison import Entry, best_baseline, compare
from kerasae.metrics.drift import Shift, corrected, holds_numbers, shift_of
from kerasae.metrics.evaluation import evaluate, probe_accuracy
from kerasae.metrics.measures import Measures, measures_of

__all__ = [
    "Difference",
    "Entry",
    "Measures",
    "Metric",
    "RowFigure",
    "RowInfluences",
    "RowSums",
    "Shift",
    "auroc_rows",
    "best_baseline",
    "codes_of",
    "compare",
    "corrected",
    "difference",
    "evaluate",
    "holds_numbers",
    "jackknife",
    "measures_of",
    "probe_accuracy",
    "reconstruct",
    "shift_of",
]
