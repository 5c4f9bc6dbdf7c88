"""What models are compared with, one in each file: PCA and its like, and simple ways to detect anomalies."""

from kerasae import registry
from kerasae.baselines._base import Baseline, fit_baselines
from kerasae.baselines._detecting import MOST_ROWS, DetectingBaseline, detecting_baselines
from kerasae.baselines._text_points import TextPoints

globals().update(registry.members("baseline"))

__all__ = [
    "MOST_ROWS",
    "Baseline",
    "DetectingBaseline",
    "TextPoints",
    "fit_baselines",
    "detecting_baselines",
    *registry.members("baseline"),
]
