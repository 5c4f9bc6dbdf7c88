"""Pretraining: a classifier from few labels, on an encoder that was trained without labels."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import keras
import numpy as np
import pandas as pd

from kerasae.applications._base import Application, Finding, row_names
from kerasae.applications.pretraining._classifier import Schedule, with_head
from kerasae.applications.pretraining._labels import FewLabels, Trained, labelled
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.metrics import RowSums
from kerasae.models import Autoencoder
from kerasae.report import figures
from kerasae.report.page import Listing, Picture
from kerasae.report.paired import Paired
from kerasae.report.sheet import write_sheet

#: Numbers of labels at which the curve is measured, in addition to ten of each class and all.
_COUNTS = (100, 1_000, 10_000)


class Pretraining(Application):
    """Classifier from few labels, on an encoder that was trained without labels.

    The report writes `classifier.keras`, which maps raw examples to class probabilities, and
    `predictions.csv` with the name, the class, its probability and, if it is known, the label of each row. If
    the examples have labels, it also writes the label-efficiency curve as `curve.csv` and `curve.png`: the
    accuracy by number of labels, beside the same network trained from new weights with the same labels, steps
    and choice of the epoch. A codec without a trainable encoder, such as PCA or an artifact, is used frozen
    in every mode.

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
        >>> classifier = Pretraining(model, labels=100).fit(data)
        >>> classifier.score(data.test.examples, data.test.labels)

    Reference: Bengio, Lamblin, Popovici, Larochelle 2007, NeurIPS; Erhan et al. 2010, JMLR 11; Kumar et
    al. 2022, ICLR (the head first, then all).
    """

    decisive = ("accuracy",)

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
        if mode not in ("frozen", "fine-tuned", "staged"):
            raise ValueError(f"`mode` must be 'frozen', 'fine-tuned' or 'staged', received {mode!r}.")
        numbers = {"labels": labels, "draws": draws, "steps": steps, "batch_size": batch_size}
        for name, value in (numbers | {"patience": patience, "most": most}).items():
            if value is not None and value < 1:
                raise ValueError(f"`{name}` must be a positive integer, received {value}.")
        if not learning_rate > 0:
            raise ValueError(f"`learning_rate` must be positive, received {learning_rate}.")
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
        schedule = Schedule(self.steps, self.batch_size, self.learning_rate, patience=self.patience)
        self._rows = FewLabels(self.codec, data.with_choices(), schedule, self.most, self.seed)
        self.classes_ = self._rows.classes
        for name, values in (("labels", [self.labels or len(self._rows)]), ("counts", self.counts or [])):
            for value in values:
                if not len(self.classes_) <= value <= len(self._rows):
                    raise ValueError(
                        f"`{name}` must be between {len(self.classes_)}, the number of classes, and "
                        f"{len(self._rows)}, that of labelled training rows; received {value}."
                    )
        self.labels_ = self.labels or len(self._rows)
        # A codec without a trainable encoder is used frozen.
        self.mode_ = self.mode if self._rows.trainable else "frozen"
        self._learnt = self._rows.learn(self.mode_, self.labels_, self.seed)
        return self

    def predict_proba(self, raw: Any) -> np.ndarray:
        """Return the probabilities of `classes_` for raw examples, `(rows, classes)`."""
        return self._learnt.probabilities(raw)

    def predict(self, raw: Any) -> np.ndarray:
        """Return the most probable class of raw examples, `(rows,)`."""
        return self.classes_[self.predict_proba(raw).argmax(axis=1)]

    def score(self, raw: Any, labels: np.ndarray) -> float:
        """Return the share of raw examples whose class is predicted correctly."""
        return float((self.predict(raw).astype(str) == np.asarray(labels).astype(str)).mean())

    def report(self, data: Data, out: Path | None) -> Finding:
        rows, labels = labelled(data, "test")
        # The examples of a user may have no labels, or labels that are not classes.
        judged = bool(np.isin(labels.astype(str), self.classes_.astype(str)).any())
        choosing = self._rows.validated
        measured: dict[str, float | int | str | None] = {
            "classes": len(self.classes_),
            "labels": self.labels_,
            "labels that choose": choosing,
        }
        hits: dict[str, dict[int, np.ndarray]] = {}
        curve: dict[str, dict[int, list[float]]] = {}
        by_row: dict[str, list[RowSums]] = {}
        if judged:
            tuned = "fine-tuned" if self.mode_ == "frozen" else self.mode_
            whole = out is not None and self._rows.trainable
            ways = ("frozen", tuned, "scratch") if whole else ("frozen",)
            hits = self._rows.curve(data, ways, self._measured(), self.draws, self.seed)
            curve = {
                way: {count: [float(draw.mean()) for draw in draws] for count, draws in points.items()}
                for way, points in hits.items()
            }
            for count, draws in hits[self.mode_].items():
                heading = f"accuracy, {count:,} + {choosing:,} labels"
                measured[heading] = float(draws.mean())
                by_row[heading] = _by_draw(draws)
        else:
            measured["accuracy"] = None
        pictures, listings, sentences = [], [], []
        if out is not None:
            self._write(out, data, rows, labels)
            if isinstance(self.codec, Autoencoder):
                self.to_keras().save(out / "classifier.keras")
        if curve and out is not None:
            write_sheet(_curve_frame(curve, choosing), out / "curve.csv")
            drawn = figures.label_curve(curve, choosing)
            drawn.savefig(out / "curve.png", facecolor="white")
            pictures.append(
                Picture(
                    "Label efficiency",
                    f"Accuracy on {len(rows):,} rows by number of labels, with {choosing:,} more to choose "
                    "the settings"
                    + (
                        f"; bars: the deviation over {self.draws} draws of labels." if self.draws > 1 else "."
                    ),
                    drawn,
                )
            )
            listings.append(_curve_listing(curve, choosing))
            if "scratch" in hits:
                sentences = _beside_scratch(hits[self.mode_], hits["scratch"], self.mode_, choosing)
        better = {key: False for key in measured if key.startswith("accuracy")}
        notes = self._notes(judged)
        return Finding.of_headings(
            measured, better, sentences, pictures, listings, notes, rows=by_row, decisive=self.decisive
        )

    def to_keras(self) -> keras.Model:
        """Return a model that maps raw examples to probabilities of `classes_`, made of Keras layers only."""
        if not isinstance(self.codec, Autoencoder):
            raise TypeError(f"Expected a model of kerasae, received {type(self.codec).__name__}.")
        if isinstance(self._learnt, Trained):
            self._learnt.classifier.use(self._learnt.weights)
            return self._learnt.classifier.plain()
        return with_head(self.codec, self._learnt.head)

    def _measured(self) -> list[int]:
        chosen = self.counts
        if chosen is None:
            # A number close to that of all labels would repeat its result.
            usual = (10 * len(self.classes_), *_COUNTS)
            chosen = [count for count in usual if len(self.classes_) <= count <= 0.7 * self.labels_]
        return sorted({count for count in chosen if count < self.labels_} | {self.labels_})

    def _write(self, out: Path, data: Data, rows: np.ndarray, labels: np.ndarray) -> None:
        probabilities = np.concatenate([self.predict_proba(raw) for raw in data.test.chunks()])
        frame = pd.DataFrame(
            {
                "row": row_names(data),
                "class": self.classes_[probabilities.argmax(axis=1)],
                "probability": probabilities.max(axis=1),
            }
        )
        if len(rows):
            frame["label"] = pd.Series(labels, index=rows).reindex(range(len(frame)))
            if labels.dtype.kind in "iu":
                frame["label"] = frame["label"].astype("Int64")
        write_sheet(frame, out / "predictions.csv")

    def _notes(self, judged: bool) -> list[str]:
        notes = [
            f"Classes: {', '.join(map(str, self.classes_[:30]))}{' …' * (len(self.classes_) > 30)}. "
            f"The {self._rows.validated:,} labels of the validation split choose the penalty and the scaling "
            "of a frozen encoder's head and the step whose weights are kept, for every line alike; figures "
            "count them behind the plus sign.",
            "Frozen: logistic regression on the codes. Fine-tuned: encoder and a new head together. "
            "Staged: that regression first, then all. Scratch: the same network from new weights, with the "
            "same labels and schedule. Baselines are frozen: they have no encoder to train.",
        ]
        return notes if judged else [*notes, "These rows have no labels of these classes: no accuracy."]


def _curve_frame(curve: Mapping[str, Mapping[int, Sequence[float]]], choosing: int) -> pd.DataFrame:
    rows = [
        {"mode": way, "labels": count, "choosing_labels": choosing, "draw": draw, "accuracy": accuracy}
        for way, points in curve.items()
        for count, accuracies in points.items()
        for draw, accuracy in enumerate(accuracies)
    ]
    return pd.DataFrame(rows)


def _curve_listing(curve: Mapping[str, Mapping[int, Sequence[float]]], choosing: int) -> Listing:
    counts = list(next(iter(curve.values())))
    cells = [
        [f"{count:,} + {choosing:,}", *(_cell(points[count]) for points in curve.values())]
        for count in counts
    ]
    caption = (
        "Accuracy, mean and deviation over the draws of the labels; behind the plus sign the labels that "
        "choose the settings."
    )
    return Listing("Accuracy by number of labels", caption, ["labels", *curve], cells)


def _cell(accuracies: Sequence[float]) -> str:
    spread = f" ± {np.std(accuracies):.4f}" if len(accuracies) > 1 else ""
    return f"{np.mean(accuracies):.4f}{spread}"


def _by_draw(hits: np.ndarray) -> list[RowSums]:
    """Return the contribution of each row to the accuracy of each draw, from hits, `(draws, rows)`, bool."""
    return [RowSums(draw.astype("float64"), np.ones(len(draw))) for draw in hits]


def _beside_scratch(
    hits: Mapping[int, np.ndarray], scratch: Mapping[int, np.ndarray], mode: str, choosing: int
) -> list[tuple[bool, str]]:
    """Compare the accuracy with that of training from scratch, by number of labels.

    Args:
        hits: Whether rows are classified correctly, `(draws, rows)`, bool, by number of labels.
        scratch: The same for training from scratch.
        mode: Mode in which the model was trained on the labels.
        choosing: Number of labels that choose the settings.
    """
    sentences = []
    for count, draws in hits.items():
        paired = Paired.of(_by_draw(draws), _by_draw(scratch[count]), lower=False)
        assert paired is not None
        words = paired.words("the same network from scratch", "{:.4f}".format)
        labels = f"{count:,} labels to learn from and {choosing:,} to choose by"
        sentences.append((paired.better, f"{labels}: accuracy {mode} {words}."))
    return sentences
