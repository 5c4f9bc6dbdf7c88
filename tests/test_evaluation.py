"""Figures against their definitions, and verdicts that doubt what they should."""

import numpy as np
import pytest

from kerasae import PCA, evaluate
from kerasae.data import Data, Split
from kerasae.data._base import SPLITS
from kerasae.evaluation import Entry
from kerasae.evaluation._rows import RowSums
from kerasae.evaluation.compare import verdicts
from kerasae.evaluation.metrics import probe_accuracy
from kerasae.preprocessing import Standardization
from kerasae.spec import Spec


def vectors(train, test, labels=(None, None)):
    spec = Spec("vector", train.shape[1:], "float64")
    splits = dict.fromkeys(SPLITS, Split(train[:2]))
    splits |= {"train": Split(train, labels[0]), "test": Split(test, labels[1])}
    return Data("vectors", spec, **splits).with_preprocessor(Standardization(spec))


class Shrunk:
    """A codec that gives back the training mean and a share of what deviates from it."""

    def __init__(self, data, share):
        self.preprocessor, self.mean, self.share = data.preprocessor, data.mean, share
        self.latent_dim = data.spec.size

    def transform(self, raw):
        return self.preprocessor.to_x(raw)

    def decode(self, codes):
        return self.mean + self.share * (codes - self.mean)


@pytest.mark.parametrize(("share", "explained"), [(0.0, 0.0), (0.5, 0.75), (1.0, 1.0)])
def test_explained_variance_is_one_less_the_share_left(share, explained):
    rng = np.random.default_rng(0)
    # The test rows lie elsewhere: the reference is the mean of the training rows.
    data = vectors(rng.normal(size=(60, 3)), rng.normal(size=(50, 3)) + 1)
    found = evaluate(Shrunk(data, share), data)
    assert found["explained_variance"] == pytest.approx(explained, abs=1e-6)
    x = data.x("test")
    off = (1 - share) * (x - data.x("train").mean(axis=0))
    assert found["error"] == pytest.approx(np.mean(off**2), rel=1e-5, abs=1e-12)
    assert found["absolute_error"] == pytest.approx(np.mean(np.abs(off)), rel=1e-5, abs=1e-6)


def test_explained_variance_of_pca_is_that_of_its_components():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(200, 2)) @ rng.normal(size=(2, 5)) + 0.3 * rng.normal(size=(200, 5))
    data = vectors(rows, rows)
    # On the rows that it was fitted on: the eigenvalues kept over all of them. Two rows count twice.
    values = np.linalg.eigvalsh(np.cov(data.x("train").T))[::-1]
    found = evaluate(PCA(2).fit(data), data)["explained_variance"]
    assert found == pytest.approx(values[:2].sum() / values.sum(), abs=2e-3)


def test_the_probe_learns_from_training_rows_alone():
    rng = np.random.default_rng(2)
    train, test = rng.normal(size=(80, 2)), rng.normal(size=(60, 2))
    # In the test split the classes are the other way round: a probe that had seen one of its rows would
    # get some right.
    data = vectors(train, test, (train[:, 0] > 0, test[:, 0] < 0))
    assert probe_accuracy(PCA(2).fit(data), data) < 0.1
    data = vectors(train, test, (train[:, 0] > 0, test[:, 0] > 0))
    assert probe_accuracy(PCA(2).fit(data), data) > 0.9


@pytest.mark.parametrize(("errors", "good"), [((0.5, 0.99), False), ((0.7, 0.72), True)])
def test_a_lead_within_the_spread_over_seeds_is_none(errors, good):
    rng = np.random.default_rng(3)
    data = vectors(rng.normal(size=(20, 3)), rng.normal(size=(20, 3)))

    def entry(name, *errors):
        # All rows alike: the seeds alone leave a doubt.
        rows = [{"error": RowSums(np.full(20, 3 * error), np.full(20, 3.0))} for error in errors]
        figures = [{"error": error, "explained_variance": 0.5, "latent_dim": 2} for error in errors]
        return Entry(name, figures, [], np.zeros((1, 2)), np.zeros((1, 3)), name == "pca", rows)

    ((found, said),) = verdicts([entry("ours", *errors), entry("pca", 0.8)], data)
    assert found == good
    assert said.startswith("ours beats PCA:") == good
    assert ("20 test rows and 2 seeds show no difference from PCA" in said) != good
