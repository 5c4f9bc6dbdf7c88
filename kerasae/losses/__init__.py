"""Reconstruction losses, one a file: per example, summed over features."""

from kerasae import registry
from kerasae.losses._base import ReconstructionLoss, flatten

globals().update(registry.members("loss"))

__all__ = ["ReconstructionLoss", "flatten", *registry.members("loss")]
