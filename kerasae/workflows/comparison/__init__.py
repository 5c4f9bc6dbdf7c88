"""Codecs side by side: families that are trained for it, or finished runs, each beside PCA."""

from kerasae.workflows.comparison.families import all_families, compare_families
from kerasae.workflows.comparison.result import Comparison
from kerasae.workflows.comparison.runs import compare_runs

__all__ = ["Comparison", "all_families", "compare_families", "compare_runs"]
