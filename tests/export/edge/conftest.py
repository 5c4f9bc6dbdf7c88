"""A bundle for devices of a table with a detector."""

import dataclasses

import numpy as np
import pytest
from kerasae.export import bundle

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


@pytest.fixture(scope="session")
def detecting(subject):
    """A table model with a detector, its held-out rows and their scores."""
    return with_detector(subject("table"))


@pytest.fixture(scope="session")
def for_devices(detecting, tmp_path_factory):
    """A bundle with the float32 file, which tests must not change."""
    root = tmp_path_factory.mktemp("devices") / "ship"
    bundle(detecting, root, formats=["tflite"], precisions=["float32"])
    return root
