"""What models are compared with, one in each file: PCA and its like, and other ways to detect and fill."""

from kerasae import registry
from kerasae.baselines._base import Baseline, fit_baselines
from kerasae.baselines._detecting import MOST_ROWS, DetectingBaseline, detecting_baselines
from kerasae.baselines._filling import MOST_FILLED_ROWS, FillingBaseline, filling_baselines
from kerasae.baselines._text_points import TextPoints

globals().update(registry.members("baseline"))

__all__ = [
    "MOST_FILLED_ROWS",
    "MOST_ROWS",
    "Baseline",
    "DetectingBaseline",
    "FillingBaseline",
    "TextPoints",
    "fit_baselines",
    "detecting_baselines",
    "filling_baselines",
    *registry.members("baseline"),
]
