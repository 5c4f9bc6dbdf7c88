# Written by tests/stubs.py.
from kerasae.thresholds._base import Threshold as Threshold
from kerasae.thresholds._base import clear_of as clear_of
from kerasae.thresholds.best_f1 import BestF1Threshold as BestF1Threshold
from kerasae.thresholds.conformal import ConformalThreshold as ConformalThreshold
from kerasae.thresholds.greatest import GreatestThreshold as GreatestThreshold
from kerasae.thresholds.median_deviation import MedianDeviationThreshold as MedianDeviationThreshold
from kerasae.thresholds.pareto_tail import ParetoTailThreshold as ParetoTailThreshold
from kerasae.thresholds.quantile import QuantileThreshold as QuantileThreshold
