"""Codes in well separated groups."""

import numpy as np
import pytest
from sklearn.datasets import make_blobs

from kerasae import PCA
from kerasae.data._array_data import make_data
from kerasae.spec import Spec


@pytest.fixture(scope="session")
def blobs():
    """Five round clusters far apart, in five numbers."""
    points, labels = make_blobs(
        [50] * 5, n_features=5, centers=10 * np.eye(5), cluster_std=0.5, random_state=0
    )
    return make_data("blobs", Spec("vector", (5,)), points.astype("float32"), labels)


@pytest.fixture(scope="session")
def blob_codes(blobs):
    return PCA(4).fit(blobs)
