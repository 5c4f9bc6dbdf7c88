"""Pretraining: a classifier from few labels, on an encoder that was trained without labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import keras
import numpy as np

from kerasae.applications._arguments import check_choices, check_counts, check_positive
from kerasae.applications._base import Application, Finding
from kerasae.applications.pretraining._classifier import Schedule
from kerasae.applications.pretraining._curve import LabelCurve
from kerasae.applications.pretraining._labels import FewLabels, as_classes, hits, labelled
from kerasae.applications.pretraining._learnt import Learnt, learnt_of_state
from kerasae.applications.pretraining._report import draw_curve, notes, write_predictions
from kerasae.codec import Codec
from kerasae.data import Data, Examples
from kerasae.metrics import Metric
from kerasae.models import Autoencoder
from kerasae.report.page import Listing, Picture
from kerasae.report.sheet import write_sheet
from kerasae.spec import Spec

#: Numbers of labels at which the curve is measured, in addition to ten of each class and all.
_COUNTS = (100, 1_000, 10_000)
#: Largest of these numbers, as a share of all labels. One that is close to all would repeat the result.
_BELOW_ALL = 0.7


class Pretraining(Application):
    """Classifier from few labels, on an encoder that was trained without labels.

    The report writes `classifier.keras`, which maps raw examples to class probabilities, and
    `predictions.csv` with the name, the class, its probability and, if it is known, the label of each row. If
    the examples have labels, it also writes the label-efficiency curve as `curve.csv` and `curve.png`: the
    accuracy by number of labels, beside the same network trained from new weights with the same labels, steps
    and choice of the epoch. A stored classifier on new examples leaves the curve out, because it needs the
    labels of the training rows. A codec without a trainable encoder, such as PCA or an artifact, is used
    frozen in every mode.

    With a frozen encoder a logistic regression is fitted on the codes. The validation labels choose its
    penalty and its scaling (each number of a code separately, or all together). A trained encoder keeps the
    weights with the best result on the validation labels. These labels are counted separately: `100 + 500
    labels` are 100 training labels and 500 validation labels. Rows with an empty label are left out.

    Args:
        codec: Codec that maps raw examples to codes.
        mode: Parts that are trained: `"frozen"`, only the head; `"fine-tuned"`, head and encoder together
            from a new head; `"staged"`, first the head, then both at a third of the learning rate. Defaults
            to `"staged"`.
        labels: Number of labelled training rows, stratified by class, in addition to those of the validation
            split. Defaults to `None`: all labels are used.
        counts: Numbers of labels at which the curve is measured. Defaults to `None`: ten of each class, 100,
            1,000, 10,000 and all are used.
        draws: Number of random draws of the labels; the curve is their mean. Defaults to 3.
        steps: Largest number of training steps. Defaults to 2000.
        batch_size: Number of labelled rows per step. Defaults to 64.
        learning_rate: Initial learning rate of Adam. Defaults to 0.001.
        patience: Number of checks of the validation labels without improvement after which training stops
            early; there is a check every 50 steps. After a third of this number the learning rate is
            multiplied by 0.3. Defaults to 12.
        most: Largest number of labelled rows in memory. Defaults to 100000.
        seed: Seed of the draws of labels, the new weights and the order of the rows. Defaults to 0.

    Raises:
        ValueError: If a number is out of range, or the training rows have no class labels.

    Example:
        >>> from kerasae.applications import Pretraining
        >>> classifier = Pretraining(model, labels=100).fit(data)
        >>> classifier.score(data.test.examples, data.test.labels)

    Reference: Bengio, Lamblin, Popovici, Larochelle 2007, NeurIPS; Erhan et al. 2010, JMLR 11; Kumar et
    al. 2022, ICLR (the head first, then all).
    """

    spec_: Spec
    classes_: np.ndarray
    choosing_: int
    labels_: int
    mode_: str

    only_reported: ClassVar[tuple[str, ...]] = ("counts", "draws")

    def __init__(
        self,
        codec: Codec,
        *,
        mode: Literal["frozen", "fine-tuned", "staged"] = "staged",
        labels: int | None = None,
        counts: Sequence[int] | None = None,
        draws: int = 3,
        steps: int = 2000,
        batch_size: int = 64,
        learning_rate: float = 1e-3,
        patience: int = 12,
        most: int = 100_000,
        seed: int = 0,
    ) -> None:
        super().__init__(codec)
        check_choices(("frozen", "fine-tuned", "staged"), mode=mode)
        check_counts(
            labels=labels, draws=draws, steps=steps, batch_size=batch_size, patience=patience, most=most
        )
        check_positive(learning_rate=learning_rate)
        if seed < 0:
            raise ValueError(f"`seed` must be non-negative, received {seed}.")
        self.mode = mode
        self.labels = labels
        self.counts = counts
        self.draws = draws
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.most = most
        self.seed = seed

    def fit(self, data: Data) -> Self:
        """Train on labelled rows of the training split; those of the validation split choose the epoch."""
        self._rows: tuple[Examples, FewLabels] | None = None
        rows = self._labelled_rows(data)
        self._check_numbers("labels", [self.labels or len(rows)], rows)
        self._check_numbers("counts", self.counts or [], rows)
        self.spec_ = data.spec
        self.classes_, self.choosing_ = rows.classes, rows.validated
        self.labels_ = self.labels or len(rows)
        # A codec without a trainable encoder is used frozen.
        self.mode_ = self.mode if rows.trainable else "frozen"
        self._learnt: Learnt = rows.learn(self.mode_, self.labels_, self.seed)
        return self

    def _labelled_rows(self, data: Data) -> FewLabels:
        """Return the labelled training rows of the data; those of the last call if they are the same."""
        if self._rows is None or self._rows[0] is not data.train:
            schedule = Schedule(self.steps, self.batch_size, self.learning_rate, patience=self.patience)
            rows = FewLabels(self.codec, data.with_choices(), schedule, self.most, self.seed)
            self._rows = data.train, rows
        return self._rows[1]

    @staticmethod
    def _check_numbers(name: str, numbers: Sequence[int], rows: FewLabels) -> None:
        classes = len(rows.classes)
        for number in numbers:
            if not classes <= number <= len(rows):
                raise ValueError(
                    f"`{name}` must be between {classes}, the number of classes, and {len(rows)}, that of "
                    f"labelled training rows; received {number}."
                )

    def predict_proba(self, raw: Any) -> np.ndarray:
        """Return the probabilities of `classes_` for raw examples, `(rows, classes)`."""
        return self._learnt.probabilities(raw)

    def predict(self, raw: Any) -> np.ndarray:
        """Return the most probable class of raw examples, `(rows,)`."""
        return self.classes_[self.predict_proba(raw).argmax(axis=1)]

    def score(self, raw: Any, labels: np.ndarray) -> float:
        """Return the share of raw examples whose class is predicted correctly."""
        return float((self.predict(raw).astype(str) == as_classes(np.asarray(labels)).astype(str)).mean())

    def to_keras(self) -> keras.Model:
        """Return a model that maps raw examples to probabilities of `classes_`, made of Keras layers only."""
        if not isinstance(self.codec, Autoencoder):
            raise TypeError(f"Expected a model of kerasae, received {type(self.codec).__name__}.")
        return self._learnt.plain()

    # The command ---------------------------------------------------------------------------------

    def report(self, data: Data, out: Path | None) -> Finding:
        rows, labels = labelled(data, "test")
        # The examples of a user may have no labels, or labels that are not classes.
        judged = bool(np.isin(labels.astype(str), self.classes_.astype(str)).any())
        stored = not len(data.train)
        curve: LabelCurve | None = None
        accuracies = [Metric("accuracy", "accuracy", lower=False)]
        if judged:
            curve = self._stored_point(data) if stored else self._curve(data, beside=out is not None)
            accuracies = curve.metrics(self.mode_)
        metrics = [
            Metric("classes", "classes", len(self.classes_)),
            Metric("labels", "labels", self.labels_),
            Metric("choosing_labels", "labels that choose", self.choosing_),
            *accuracies,
        ]
        pictures: list[Picture] = []
        listings: list[Listing] = []
        sentences: list[tuple[bool, str]] = []
        if out is not None:
            probabilities = np.concatenate([self.predict_proba(raw) for raw in data.test.chunks()])
            write_predictions(out, data, self.classes_, probabilities, rows, labels)
            if isinstance(self.codec, Autoencoder):
                self.to_keras().save(out / "classifier.keras")
        if out is not None and curve is not None and not stored:
            write_sheet(curve.frame(), out / "curve.csv")
            pictures = [draw_curve(out / "curve.png", curve, len(rows), self.draws)]
            listings = [curve.listing()]
            if "scratch" in curve.hits:
                sentences = curve.beside_scratch(self.mode_)
        decisive = accuracies[0].key if judged else ""
        said = notes(self.classes_, self.choosing_, judged, stored)
        return Finding(metrics, decisive, sentences, pictures, listings, said)

    def _stored_point(self, data: Data) -> LabelCurve:
        """Return the curve at one number of labels: that of the stored classifier."""
        correct = hits(self._learnt, self.classes_, data, "test")
        return LabelCurve({self.mode_: {self.labels_: correct[None]}}, self.choosing_)

    def _curve(self, data: Data, beside: bool) -> LabelCurve:
        """Return the curve of this mode, beside the other ones if it is asked for and there is an encoder."""
        rows = self._labelled_rows(data)
        self._check_numbers("counts", self.counts or [], rows)
        ways: list[str] = [self.mode_]
        if beside and rows.trainable:
            ways = ["frozen", "fine-tuned" if self.mode_ == "frozen" else self.mode_, "scratch"]
        return LabelCurve(rows.curve(data, ways, self._counts(), self.draws, self.seed), self.choosing_)

    def _counts(self) -> list[int]:
        """Return the numbers of labels at which the curve is measured."""
        chosen = self.counts
        if chosen is None:
            usual = (10 * len(self.classes_), *_COUNTS)
            chosen = [count for count in usual if len(self.classes_) <= count <= _BELOW_ALL * self.labels_]
        return sorted({count for count in chosen if count < self.labels_} | {self.labels_})

    # Storage -------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {
            "classes": self.classes_,
            "labels": self.labels_,
            "choosing": self.choosing_,
            "mode": self.mode_,
            "learnt": self._learnt.state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        self._rows = None
        self.classes_, self.labels_, self.choosing_ = state["classes"], state["labels"], state["choosing"]
        self.mode_ = state["mode"]
        self._learnt = learnt_of_state(state["learnt"], self.codec, len(self.classes_))
