"""Labelled rows of a data set, and classifiers from some of the labels."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kerasae.applications.pretraining._classifier import Classifier, Schedule
from kerasae.applications.pretraining._heads import (
    Head,
    Labelled,
    fit_head,
    stratified_order,
)
from kerasae.applications.pretraining._learnt import Learnt, Probe, Trained
from kerasae.codec import Codec
from kerasae.data import Data, drawn_rows, has_label
from kerasae.models import Autoencoder

#: Learning rate for a head that was fitted already, as a share of that for a new one. A larger one undoes
#: the fit: on MNIST with 100 labels the validation accuracy was .787 with 0.3, and .778 with 1.
_STAGED_RATE = 0.3


class FewLabels:
    """Labelled rows of the training and the validation split, and classifiers from some of them.

    Args:
        codec: Codec that maps raw examples to codes.
        data: Data with labels.
        schedule: Settings of a training with a new head.
        most: Largest number of rows of each split in memory; more rows are subsampled.
        seed: Seed of the subsample.

    Raises:
        ValueError: If a split has no class labels.
    """

    def __init__(self, codec: Codec, data: Data, schedule: Schedule, most: int, seed: int) -> None:
        rows, labels = labelled(data, "train")
        self.classes = np.unique(labels)
        if not 2 <= len(self.classes) <= max(2, len(labels) // 2):
            kinds = f"{len(self.classes):,} different ones in {len(labels):,} rows"
            raise ValueError(
                "Expected class labels in the training split, two classes or more, received "
                f"{kinds if len(labels) else 'none'}; name them when the run is trained: --labels COLUMN, or "
                "FILE."
            )
        choosing, choosing_labels = labelled(data, "validation")
        known = np.isin(choosing_labels, self.classes)
        choosing, choosing_labels = choosing[known], choosing_labels[known]
        few = drawn_rows(len(choosing), most, seed)
        choosing, choosing_labels = choosing[few], choosing_labels[few]
        if not len(choosing):
            raise ValueError(
                "Expected class labels in the validation split too, as they choose the epoch, or in the "
                "calibration split after a training on both; received none."
            )
        y, y_choosing = (
            np.searchsorted(self.classes, some_labels) for some_labels in (labels, choosing_labels)
        )
        chosen = np.sort(stratified_order(y, seed)[:most])
        rows, y = rows[chosen], y[chosen]
        self.codec, self.schedule, self.validated = codec, schedule, len(choosing)
        # Only a model, unlike other codecs, has layers to train.
        self.trainable = isinstance(codec, Autoencoder)
        self._codes = Labelled(_at(data, "train", rows, codec.transform), y)
        self._codes_choosing = Labelled(_at(data, "validation", choosing, codec.transform), y_choosing)
        if isinstance(codec, Autoencoder):
            self._x = Labelled(_at(data, "train", rows, data.to_x), y)
            self._x_choosing = Labelled(_at(data, "validation", choosing, data.to_x), y_choosing)
            self._classifier = Classifier(codec, len(self.classes))

    def __len__(self) -> int:
        return len(self._codes)

    def learn(self, way: str, count: int, seed: int, schedule: Schedule | None = None) -> Learnt:
        """Return a classifier from some of the labels.

        Args:
            way: Way of training: `"frozen"`, `"fine-tuned"`, `"staged"`, or `"scratch"`, fine-tuned from new
                weights.
            count: Number of labels.
            seed: Seed of the draw of labels, the new weights and the order of the rows.
            schedule: Training settings, used unchanged. Defaults to `None`, the usual ones.
        """
        drawn = stratified_order(self._codes.y, seed)[:count]
        if way == "frozen":
            return Probe(self.codec, self._head(drawn))
        staged = way == "staged"
        if schedule is None:
            rate = self.schedule.learning_rate * (_STAGED_RATE if staged else 1)
            schedule = dataclasses.replace(self.schedule, learning_rate=rate)
        head = self._head(drawn) if staged else None
        self._classifier.start(pretrained=way != "scratch", seed=seed, head=head)
        self._classifier.fit(self._x.rows(drawn), self._x_choosing, schedule, seed)
        return Trained(self._classifier, self._classifier.network.get_weights())

    def _head(self, drawn: np.ndarray) -> Head:
        return fit_head(self._codes.rows(drawn), self._codes_choosing, len(self.classes))

    def accuracy(self, learnt: Learnt, data: Data, split: str) -> float:
        """Return the share of the labelled rows of a split that are classified correctly."""
        return float(hits(learnt, self.classes, data, split).mean())

    def curve(
        self, data: Data, ways: Sequence[str], counts: Sequence[int], draws: int, seed: int
    ) -> dict[str, dict[int, np.ndarray]]:
        """Return the hits on the test split by way and number of labels, `(draws, rows)`, bool."""
        return {
            way: {
                count: np.stack(
                    [
                        hits(self.learn(way, count, seed + draw), self.classes, data, "test")
                        for draw in range(draws)
                    ]
                )
                for count in counts
            }
            for way in ways
        }


def hits(learnt: Learnt, classes: np.ndarray, data: Data, split: str) -> np.ndarray:
    """Return whether each labelled row of a split is classified correctly, `(rows,)`, bool.

    Labels are compared as texts, because a file of the user may hold the class numbers as texts.

    Args:
        learnt: Classifier.
        classes: Its classes, `(classes,)`.
        data: Data with labels.
        split: Name of the split.
    """
    rows, labels = labelled(data, split)
    predicted = classes[_at(data, split, rows, learnt.probabilities).argmax(axis=1)]
    return np.asarray(predicted.astype(str) == labels.astype(str))


def labelled(data: Data, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the rows with a label, in order, and their labels.

    There are none if the labels are quantities. Labels that are neither numbers nor texts become texts.
    """
    labels = data.split(split).labels
    if labels is None:
        return np.empty(0, "int64"), np.empty(0, "int64")
    known = has_label(labels)
    classes = as_classes(labels[known])
    if classes.dtype.kind == "f":
        return np.empty(0, "int64"), np.empty(0, "int64")
    return np.flatnonzero(known), classes


def as_classes(labels: np.ndarray) -> np.ndarray:
    """Return labels as classes: whole numbers as integers, and what is neither number nor text as texts.

    Quantities stay floats, which are no classes.
    """
    if labels.dtype.kind == "f":
        return labels.astype("int64") if (labels == np.round(labels)).all() else labels
    return labels if labels.dtype.kind in "biuU" else labels.astype(str)


def _at(data: Data, split: str, rows: np.ndarray, function: Callable[[Any], np.ndarray]) -> np.ndarray:
    """Return a function of some raw examples, by row numbers in rising order, computed part by part."""
    return np.concatenate([function(raw) for raw in data.split(split).rows(rows).chunks()])
