"""Runs: the folder of a trained model, and the training that fills it."""

from kerasae.runs._errors import raise_again
from kerasae.runs._folders import check_new, make_new, new_folder
from kerasae.runs._run import Run
from kerasae.runs._run_recipe import RESUMABLE, run_recipe
from kerasae.runs._unfinished import Unfinished

__all__ = [
    "RESUMABLE",
    "Run",
    "Unfinished",
    "check_new",
    "make_new",
    "new_folder",
    "raise_again",
    "run_recipe",
]
