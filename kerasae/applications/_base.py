"""Application: something that a codec is used for, in the shape of a scikit-learn estimator."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from kerasae.codec import Codec
from kerasae.data import Data, has_label
from kerasae.evaluation import RowFigure
from kerasae.report.page import Listing, Picture
from kerasae.runs import Run


@dataclasses.dataclass(frozen=True)
class Finding:
    """What an application found on some examples.

    Args:
        figures: by heading, in the order of a table's columns; `None` where one has no meaning.
        better: of headings, whether lower is better; those that are left out are neither.
        sentences: each with whether it is good news.
        pictures: for the page.
        listings: tables of text for the page.
        notes: how the figures are obtained, in sentences.
        chance: of headings, the value that chance gives; a figure next to it is no good news.
        rows: What each row adds to the figure by which codecs are compared, by heading; one for each seed
            or draw. Of two codecs without it no one is called the better.
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
    """What a codec is used for.

    Abstract. A subclass is one file of this room: its constructor takes the codec and keyword
    arguments of its own, which it stores unchanged; `fit` learns from the splits that are not for
    testing and returns the object; verbs of scikit-learn's follow, on raw examples; and
    `report` writes what a user takes away. It knows no family and no network: whatever is a codec will
    do, PCA and a loaded artifact among them, unless `refusal` says why not.

    Args:
        codec: from raw examples to codes and back.
    """

    #: Kinds of examples for which it has a meaning.
    kinds: ClassVar[tuple[str, ...]] = ("image", "vector", "table", "text")
    #: How the heading of the figure begins by which codecs are compared; the first that there is counts.
    decisive: ClassVar[tuple[str, ...]] = ()

    #: Whether codes that are near must belong to examples that are alike.
    compares_codes: ClassVar[bool] = False

    def __init__(self, codec: Codec) -> None:
        self.codec = codec

    @classmethod
    def refusal(cls, codec: Codec) -> str:
        """Why a codec cannot be used for this, as a sentence; empty where it can."""
        if cls.compares_codes and getattr(codec, "numbered", False):
            return "its code is the number of an example, and numbers that are near mean nothing."
        return ""

    @classmethod
    def for_baseline(cls, settings: dict[str, Any], codec: Codec) -> dict[str, Any]:
        """The arguments for a baseline: all, unless some have no meaning for what is not a model."""
        return settings

    def fit(self, data: Data) -> Self:
        """Learns from the training split, chooses by the validation split; never looks at the test split.

        What is promised of new rows is found on the calibration split. Choices are made on
        `data.with_choices()`, which has rows for them after a training on the validation split too.
        """
        raise NotImplementedError(f"{type(self).__name__} must write `fit`.")

    def report(self, data: Data, out: Path | None) -> Finding:
        """Does its work on the test split of `data` and says what came of it.

        Args:
            data: the examples to work on are its test split, whatever they are: held-out rows, or a
                user's own.
            out: a folder for the files that a user takes away; `None` for figures alone, as of a
                baseline.
        """
        raise NotImplementedError(f"{type(self).__name__} must write `report`.")

    def keep(self, run: Run) -> None:
        """Leaves in the run what later commands read from there; nothing, unless a subclass says so."""

    @classmethod
    def kept(cls, run: Run, codec: Codec, settings: Mapping[str, Any]) -> Self | None:
        """Return the fitted application that `keep` left in a run; `None` where there is none.

        Args:
            run: Where it lies.
            codec: Model of the run.
            settings: Arguments that a user gave; the others are taken as they were stored.

        Raises:
            ValueError: if what is stored is damaged, or was fitted with other settings.
        """
        return None

    @classmethod
    def reads(cls, source: str) -> bool:
        """Whether it takes a source itself, a file that it wrote, in place of examples."""
        return False

    def restore(self, source: Path, out: Path) -> Finding:
        """Writes into `out` what is in a file that it `reads`; needs no `fit`."""
        raise NotImplementedError(f"{type(self).__name__} must write `restore`.")


def row_names(data: Data, rows: int | None = None) -> list[str]:
    """A name for each row of the test split: that of its file, its index in a table, or its number.

    Numbers count from 0 in the file or array that the row was drawn from.
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
    """The labels of a split where they are classes: of more than one kind, and not nearly one a row."""
    labels = data.split(split).labels
    if labels is None or labels.dtype.kind == "f":
        return None
    kinds = len(np.unique(labels[has_label(labels)]))
    return labels if 1 < kinds <= max(2, len(labels) // 2) else None
