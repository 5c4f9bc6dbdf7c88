"""Reconstruction losses, one in each file: per example, summed over features."""

from kerasae import registry
from kerasae.losses._base import HIGHEST, ReconstructionLoss, comparable, flatten, greatest, sum_features
from kerasae.losses._usual import usual_parts

globals().update(registry.members("loss"))

__all__ = [
    "HIGHEST",
    "ReconstructionLoss",
    "comparable",
    "flatten",
    "greatest",
    "sum_features",
    "usual_parts",
    *registry.members("loss"),
]
