"""Codecs with which models are compared, one in each file: PCA and its like."""

from kerasae import registry
from kerasae.baselines._base import Baseline, fit_baselines
from kerasae.baselines._text_points import TextPoints

globals().update(registry.members("baseline"))

__all__ = ["Baseline", "TextPoints", "fit_baselines", *registry.members("baseline")]
