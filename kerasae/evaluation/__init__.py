"""Figures of any codec, computed in the same way for all."""

from kerasae.evaluation._auroc import auroc_rows
from kerasae.evaluation._measures import codes_of, reconstruct
from kerasae.evaluation._rows import Difference, RowFigure, RowInfluences, RowSums, difference, jackknife
from kerasae.evaluation._texts import TextPoints
from kerasae.evaluation.compare import Entry, compare
from kerasae.evaluation.metrics import evaluate, probe_accuracy
from kerasae.evaluation.pca import PCA

__all__ = [
    "PCA",
    "Difference",
    "Entry",
    "RowFigure",
    "RowInfluences",
    "RowSums",
    "TextPoints",
    "auroc_rows",
    "codes_of",
    "compare",
    "difference",
    "evaluate",
    "jackknife",
    "probe_accuracy",
    "reconstruct",
]
