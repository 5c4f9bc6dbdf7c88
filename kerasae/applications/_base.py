"""Application: a use of a codec, with the interface of a scikit-learn estimator."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from kerasae.codec import Codec
from kerasae.data import Data, has_label
from kerasae.metrics import RowFigure
from kerasae.report.page import Listing, Picture
from kerasae.runs import Run


@dataclasses.dataclass(frozen=True)
class Finding:
    """Result of an application on some examples.

    Args:
        figures: Figures by heading, in the order of the columns of a table; `None` for an undefined one.
        better: Whether lower is better, by heading. Figures without an entry are neutral.
        sentences: Sentences, each with whether it is good news.
        pictures: Pictures for the page.
        listings: Tables of text for the page.
        notes: Sentences on how the figures are computed.
        chance: Value of a figure at chance level, by heading. A figure close to it is not good news.
        rows: Contribution of each row to the figure by which codecs are compared, by heading; one entry for
            each seed or draw. Without it neither of two codecs is called better.
    """

    figures: Mapping[str, float | int | str | None]
    better: Mapping[str, bool] = dataclasses.field(default_factory=dict)
    sentences: Sequence[tuple[bool, str]] = ()
    pictures: Sequence[Picture] = ()
    listings: Sequence[Listing] = ()
    notes: Sequence[str] = ()
    chance: Mapping[str, float] = dataclasses.field(default_factory=dict)
    rows: Mapping[str, Sequence[RowFigure]] = dataclasses.field(default_factory=dict)


class Application:
    """Use of a codec.

    Abstract. A subclass is one file or package of this room. Its constructor takes the codec and keyword
    arguments, which it stores unchanged. `fit` learns from the splits that are not for testing and returns
    the object. Methods of scikit-learn, such as `predict` or `transform`, work on raw examples. `report`
    writes the results for a user. An application works with any codec, such as PCA or a loaded artifact,
    unless `refusal` gives a reason, and does not depend on a family or a network.

    Args:
        codec: Codec that maps raw examples to codes and back.
    """

    #: Kinds of examples that are supported.
    kinds: ClassVar[tuple[str, ...]] = ("image", "vector", "table", "text")
    #: Beginnings of the headings by which codecs are compared; the first heading that exists counts.
    decisive: ClassVar[tuple[str, ...]] = ()

    #: Whether nearby codes must belong to similar examples.
    compares_codes: ClassVar[bool] = False

    def __init__(self, codec: Codec) -> None:
        self.codec = codec

    @classmethod
    def refusal(cls, codec: Codec) -> str:
        """Return why a codec cannot be used, as a sentence; empty if it can."""
        if cls.compares_codes and getattr(codec, "numbered", False):
            return "its code is the number of an example, and numbers that are near mean nothing."
        return ""

    @classmethod
    def for_baseline(cls, settings: dict[str, Any], codec: Codec) -> dict[str, Any]:
        """Return the arguments for a baseline: all of them, unless some apply to models only."""
        return settings

    def fit(self, data: Data) -> Self:
        """Learn from the training split and choose on the validation split, without the test split.

        Statements about new rows are calibrated on the calibration split. Choices are made on
        `data.with_choices()`, which has rows for them even after a training on the validation split.
        """
        raise NotImplementedError(f"{type(self).__name__} must write `fit`.")

    def report(self, data: Data, out: Path | None) -> Finding:
        """Process the test split of `data`, and return figures, sentences and pictures.

        Args:
            data: Data whose test split holds the examples: held-out rows, or examples of the user.
            out: Folder for the files; `None` returns only figures, as for a baseline.
        """
        raise NotImplementedError(f"{type(self).__name__} must write `report`.")

    def keep(self, run: Run) -> None:
        """Store in the run what later commands read from it. By default nothing is stored."""

    @classmethod
    def kept(cls, run: Run, codec: Codec, settings: Mapping[str, Any]) -> Self | None:
        """Return the fitted application that `keep` stored in a run, or `None`.

        Args:
            run: Run that may hold the application.
            codec: Model of the run.
            settings: Arguments of the user. All other arguments are those that were stored.

        Raises:
            ValueError: If the stored application is damaged, or was fitted with other settings.
        """
        return None

    @classmethod
    def reads(cls, source: str) -> bool:
        """Return whether the application reads a source itself, as a file that it wrote."""
        return False

    def restore(self, source: Path, out: Path) -> Finding:
        """Write the content of a file that it `reads` into `out`. It needs no `fit`."""
        raise NotImplementedError(f"{type(self).__name__} must write `restore`.")


def row_names(data: Data, rows: int | None = None) -> list[str]:
    """Return a name for each row of the test split: its file name, its index in a table, or its number.

    Numbers count from 0 in the file or array from which the row was drawn.
    """
    split: Any = data.test
    if hasattr(split, "names"):
        names = [os.fsdecode(name) if isinstance(name, bytes) else str(name) for name in split.names]
    elif data.spec.columns:
        names = [str(name) for chunk in split.chunks() for name in chunk.index]
    else:
        numbers = getattr(split, "numbers", None)
        names = [str(number) for number in (range(len(split)) if numbers is None else numbers)]
    return names[:rows]


def class_labels(data: Data, split: str = "test") -> np.ndarray | None:
    """Return the labels of a split if they are classes: at least two, and clearly fewer than rows."""
    labels = data.split(split).labels
    if labels is None or labels.dtype.kind == "f":
        return None
    kinds = len(np.unique(labels[has_label(labels)]))
    return labels if 1 < kinds <= max(2, len(labels) // 2) else None
