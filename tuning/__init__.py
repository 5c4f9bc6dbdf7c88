"""Searches for code size, depth and node counts with KerasTuner."""

from kerasae.tuning.budget import Budget
from kerasae.tuning.cluster import search, work
from kerasae.tuning.curve import Curve, Point
from kerasae.tuning.hypermodel import AutoencoderHyperModel
from kerasae.tuning.objectives import Objective, objective
from kerasae.tuning.results import baseline_values, best_of, trade_off
from kerasae.tuning.sentences import recommendation
from kerasae.tuning.settings import Settings
from kerasae.tuning.shape import code_sizes
from kerasae.tuning.spaces import Space
from kerasae.tuning.trials import Trial, read_trials

__all__ = [
    "AutoencoderHyperModel",
    "Budget",
    "Curve",
    "Objective",
    "Point",
    "Settings",
    "Space",
    "Trial",
    "baseline_values",
    "best_of",
    "code_sizes",
    "objective",
    "read_trials",
    "recommendation",
    "search",
    "trade_off",
    "work",
]
