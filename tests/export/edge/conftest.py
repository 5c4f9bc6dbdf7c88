"""A bundle for devices of a table with a detector."""

import pytest
from edge_detectors import with_detector
from kerasae.export import bundle


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
