"""Base classes of KerasTuner. The stub beside this file gives them types, as KerasTuner has none."""

from keras_tuner import HyperModel, Oracle, Tuner
from keras_tuner.engine.trial import Trial, TrialStatus

__all__ = ["HyperModel", "Oracle", "Trial", "TrialStatus", "Tuner"]
