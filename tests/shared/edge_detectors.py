"""A detector of a model that is exported."""

import dataclasses

import numpy as np

from kerasae import registry
from kerasae.scores import Detector


def with_detector(subject, false_alarms=0.1):
    """The same subject with a detector that was calibrated on its training rows."""
    model = subject.model
    account = model.accounts(subject.calibration)
    score = registry.get("score", "squared_error").adapt(lambda: [account])
    detector = Detector(score)
    detector.build({key: (None, *value.shape[1:]) for key, value in account.items()})
    scores = np.asarray(detector(account))
    detector.calibrate(scores, float(np.quantile(scores, 1 - false_alarms)), false_alarms)
    return dataclasses.replace(subject, detector=detector)
