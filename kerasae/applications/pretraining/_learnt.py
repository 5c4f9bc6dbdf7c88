"""Classifiers that were learned from labels, as they are used and stored."""

import dataclasses
from typing import Any, Protocol

import keras
import numpy as np

from kerasae.applications.pretraining._classifier import Classifier, with_head
from kerasae.applications.pretraining._heads import Head


class Learnt(Protocol):
    """Classifier of raw examples."""

    def probabilities(self, raw: Any) -> np.ndarray:
        """Return the probability of each class, `(rows, classes)`."""

    def plain(self) -> keras.Model:
        """Return a model that maps raw examples to probabilities, made of Keras layers only."""

    def state(self) -> dict[str, Any]:
        """Return what was learned, for `learnt_of_state`."""


@dataclasses.dataclass(frozen=True)
class Probe:
    """Head on the codes of a frozen encoder."""

    codec: Any
    head: Head

    def probabilities(self, raw: Any) -> np.ndarray:
        """Return the probability of each class, `(rows, classes)`."""
        return self.head.probabilities(self.codec.transform(raw))

    def plain(self) -> keras.Model:
        """Return a model that maps raw examples to probabilities, made of Keras layers only."""
        return with_head(self.codec, self.head)

    def state(self) -> dict[str, Any]:
        """Return the arrays of the head."""
        return {"kernel": self.head.kernel, "bias": self.head.bias}


@dataclasses.dataclass(frozen=True)
class Trained:
    """Classifier, and the weights of one training."""

    classifier: Classifier
    weights: list[np.ndarray]

    def probabilities(self, raw: Any) -> np.ndarray:
        """Return the probability of each class, `(rows, classes)`."""
        self.classifier.use(self.weights)
        return self.classifier.probabilities(raw)

    def plain(self) -> keras.Model:
        """Return a model that maps raw examples to probabilities, made of Keras layers only."""
        self.classifier.use(self.weights)
        return self.classifier.plain()

    def state(self) -> dict[str, Any]:
        """Return the weights of the encoder and the head."""
        return {"weights": self.weights}


def learnt_of_state(state: dict[str, Any], codec: Any, classes: int) -> Learnt:
    """Return the classifier whose `state` this is.

    Args:
        state: State of a `Probe` or a `Trained`.
        codec: Codec with the codes, or model with the encoder.
        classes: Number of classes.
    """
    if "weights" in state:
        return Trained(Classifier(codec, classes), state["weights"])
    return Probe(codec, Head(**state))
