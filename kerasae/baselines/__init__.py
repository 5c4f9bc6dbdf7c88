"""What models are compared with, one in each file: PCA and its like, and other ways to detect and fill."""

from kerasae import registry
from kerasae.baselines._base import Baseline, fit_baselines
from kerasae.baselines._codeless import CodelessBaseline
from kerasae.baselines._detecting import DetectingBaseline
from kerasae.baselines._filling import FillingBaseline
from kerasae.baselines._text_points import TextPoints

globals().update(registry.members("baseline"))

__all__ = [
    "Baseline",
    "CodelessBaseline",
    "DetectingBaseline",
    "FillingBaseline",
    "TextPoints",
    "fit_baselines",
    *registry.members("baseline"),
]
