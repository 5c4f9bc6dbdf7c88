"""Vectors in memory with or without labels, and a codec whose error is known."""

from kerasae.data import Data, Split
from kerasae.data._drawing import SPLITS
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
