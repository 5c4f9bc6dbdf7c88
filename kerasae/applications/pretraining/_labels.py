"""Labelled rows of a data set, and what a codec makes of some of them."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kerasae.applications.pretraining._classifier import (
    Classifier,
    Head,
    Labelled,
    Schedule,
    fit_head,
    stratified_order,
)
from kerasae.codec import Codec
from kerasae.data import Data, drawn_rows, has_label
from kerasae.models import Autoencoder

#: The learning rate where a head is fitted already, as a share of that with a new one. Larger ones undo
#: it: on MNIST with 100 labels the validation accuracy was .787 with 0.3, and .778 with 1.
_STAGED_RATE = 0.3


@dataclasses.dataclass(frozen=True)
class Probe:
    """A head on the codes of an encoder that stays as it is."""

    codec: Any
    head: Head

    def probabilities(self, raw: Any) -> np.ndarray:
        """Of each class, `(rows, classes)`."""
        return self.head.probabilities(self.codec.transform(raw))


@dataclasses.dataclass(frozen=True)
class Trained:
    """A classifier, and the weights with which it is this one."""

    classifier: Classifier
    weights: list[np.ndarray]

    def probabilities(self, raw: Any) -> np.ndarray:
        """Of each class, `(rows, classes)`."""
        self.classifier.use(self.weights)
        return self.classifier.probabilities(raw)


class FewLabels:
    """The labelled rows of the training split, those of the validation split, and what is learnt from them.

    Args:
        codec: from raw examples to codes.
        data: with labels.
        schedule: of a training with a new head.
        most: rows of each split that are held in memory, at most.
        seed: of the draw of these rows, where there are more.

    Raises:
        ValueError: if a split has no class labels.
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
        y, y_choosing = (np.searchsorted(self.classes, found) for found in (labels, choosing_labels))
        kept = np.sort(stratified_order(y, seed)[:most])
        rows, y = rows[kept], y[kept]
        self.codec, self.schedule, self.validated = codec, schedule, len(choosing)
        # The layers themselves, which no codec has but a model.
        self.trainable = isinstance(codec, Autoencoder)
        self._codes = Labelled(_at(data, "train", rows, codec.transform), y)
        self._codes_choosing = Labelled(_at(data, "validation", choosing, codec.transform), y_choosing)
        if isinstance(codec, Autoencoder):
            self._x = Labelled(_at(data, "train", rows, data.to_x), y)
            self._x_choosing = Labelled(_at(data, "validation", choosing, data.to_x), y_choosing)
            self._classifier = Classifier(codec, len(self.classes))

    def __len__(self) -> int:
        return len(self._codes)

    def learn(self, way: str, count: int, seed: int, schedule: Schedule | None = None) -> Probe | Trained:
        """A classifier from some of the labels.

        Args:
            way: `"frozen"`, `"fine-tuned"`, `"staged"`, or `"scratch"`: fine-tuned from new weights.
            count: of labels.
            seed: of their draw, the new weights and the order of the rows.
            schedule: in place of the usual one, taken as it is.
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

    def accuracy(self, learnt: Probe | Trained, data: Data, split: str) -> float:
        """The share of the labelled rows of a split whose class is found."""
        return float(self.hits(learnt, data, split).mean())

    def hits(self, learnt: Probe | Trained, data: Data, split: str) -> np.ndarray:
        """Whether the class of each labelled row of a split is found, `(rows,)`, bool."""
        rows, labels = labelled(data, split)
        found = self.classes[_at(data, split, rows, learnt.probabilities).argmax(axis=1)]
        # As texts: a file of the user's own may hold the numbers of classes as words.
        return found.astype(str) == labels.astype(str)

    def curve(
        self, data: Data, ways: Sequence[str], counts: Sequence[int], draws: int, seed: int
    ) -> dict[str, dict[int, np.ndarray]]:
        """What is found of the test split by way and by number of labels, `(draws, rows)`, bool."""
        return {
            way: {
                count: np.stack(
                    [self.hits(self.learn(way, count, seed + draw), data, "test") for draw in range(draws)]
                )
                for count in counts
            }
            for way in ways
        }


def labelled(data: Data, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the rows that have a label, in order, and their labels; none where labels are quantities."""
    labels = data.split(split).labels
    if labels is None:
        return np.empty(0, "int64"), np.empty(0, "int64")
    known = has_label(labels)
    if labels.dtype.kind == "f":
        if (labels[known] != np.round(labels[known])).any():
            return np.empty(0, "int64"), np.empty(0, "int64")
        return np.flatnonzero(known), labels[known].astype("int64")
    texts = labels.astype(str)
    return np.flatnonzero(known), texts[known] if labels.dtype.kind == "O" else labels[known]


def _at(data: Data, split: str, rows: np.ndarray, function: Callable[[Any], np.ndarray]) -> np.ndarray:
    """A function of some raw examples, by row numbers in rising order, read part by part."""
    return np.concatenate([function(raw) for raw in data.split(split).rows(rows).chunks()])
