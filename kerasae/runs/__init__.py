"""Runs: the folder of a trained model, and the training that fills it."""

from kerasae.runs._errors import raise_again
from kerasae.runs._run import Run
from kerasae.runs._run_recipe import RESUMABLE, run_recipe
from kerasae.runs._unfinished import Unfinished

__all__ = [
    "RESUMABLE",
    "Run",
    "Unfinished",
    "raise_again",
    "run_recipe",
]
