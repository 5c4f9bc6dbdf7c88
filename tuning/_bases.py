"""Base classes of KerasTuner. The stub beside this file gives them types, as KerasTuner has none."""

from keras_tuner import HyperModel, Oracle, Tuner
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.errors import FailedTrialError, FatalError

__all__ = ["FailedTrialError", "FatalError", "HyperModel", "Oracle", "Trial", "TrialStatus", "Tuner"]
