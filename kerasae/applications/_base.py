"""Application: a use of a codec, with the interface of a scikit-learn estimator."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from kerasae import registry
from kerasae.applications._kept import Kept
from kerasae.codec import Codec, is_numbered
from kerasae.data import Data, has_label
from kerasae.metrics import Metric
from kerasae.report.page import Listing, Part
from kerasae.spec import Spec


@dataclasses.dataclass(frozen=True)
class Finding:
    """Result of an application on some examples.

    Args:
        metrics: Metrics, in the order of the columns of a table.
        decisive: Key of the metric by which codecs are compared. Defaults to none.
        sentences: Sentences, each with whether it is good news.
        pictures: Pictures for the page, and parts with which a reader works.
        listings: Tables of text for the page.
        notes: Sentences on how the metrics are computed.
    """

    metrics: Sequence[Metric]
    decisive: str = ""
    sentences: Sequence[tuple[bool, str]] = ()
    pictures: Sequence[Part] = ()
    listings: Sequence[Listing] = ()
    notes: Sequence[str] = ()

    def metric(self, key: str) -> Metric | None:
        """Return the metric with this key, or `None`."""
        return next((metric for metric in self.metrics if metric.key == key), None)

    def in_blocks(self, block: int, rows: int) -> "Finding":
        """Return the same finding with blocks of successive rows, which depend on each other, as one row.

        Figures that count blocks already stay as they are. Where a figure has fewer rows than the examples,
        because some were left out, its blocks have fewer rows too.

        Args:
            block: Number of successive examples that depend on each other, from 1.
            rows: Number of examples.
        """
        metrics = []
        for metric in self.metrics:
            counted = []
            for figure in metric.rows:
                share = min(1.0, len(figure.influences) / rows)
                whole = figure.block > 1
                counted.append(figure if whole else figure.by_block(max(1, round(block * share))))
            metrics.append(dataclasses.replace(metric, rows=counted))
        return dataclasses.replace(self, metrics=metrics)

    @property
    def figures(self) -> dict[str, float | int | str | None]:
        """Values by key."""
        return {metric.key: metric.value for metric in self.metrics}


class Application:
    """Use of a codec.

    Abstract. A subclass is one file or package of this room. Its constructor takes the codec and keyword
    arguments, which it stores unchanged. `fit` learns from the splits that are not for testing and returns
    the object. Methods of scikit-learn, such as `predict` or `transform`, work on raw examples. `report`
    writes the results for a user. `save` stores what was learned, and `load` reads it without the training
    data. An application works with any codec, such as PCA or a loaded artifact,
    unless `refusal` gives a reason, and does not depend on a family or a network.

    Args:
        codec: Codec that maps raw examples to codes and back.

    Attributes:
        compared: Codec whose codes the application uses: `codec`, unless it pools or changes them. Baselines
            have the same code size.
    """

    #: Whether examples must hold numbers, as all kinds but texts do.
    needs_numbers: ClassVar[bool] = False
    #: Arguments that `report` alone reads, such as the path to the clean examples. They are not stored: each
    #: use of a stored application sets them again.
    only_reported: ClassVar[tuple[str, ...]] = ()
    #: Arguments that `set_state` takes anew: a stored application can be used with other ones.
    taken_anew: ClassVar[tuple[str, ...]] = ()
    #: Arguments that mean nothing for a baseline, such as those of a training.
    only_models: ClassVar[tuple[str, ...]] = ()
    #: Whether nearby codes must belong to similar examples.
    compares_codes: ClassVar[bool] = False

    #: Description of the examples, set by `fit` and `load`.
    spec_: Spec

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self.compared: Codec = codec

    @classmethod
    def refusal(cls, codec: Codec) -> str:
        """Return why a codec cannot be used, as a sentence; empty if it can."""
        if cls.compares_codes and is_numbered(codec):
            return "its code is the number of an example, and numbers that are near mean nothing."
        return ""

    @classmethod
    def for_baseline(cls, settings: dict[str, Any], codec: Codec) -> dict[str, Any]:
        """Return the arguments for a baseline: all of them but those of `only_models`."""
        return {name: value for name, value in settings.items() if name not in cls.only_models}

    def fit(self, data: Data) -> Self:
        """Learn from the training split and choose on the validation split, without the test split.

        It sets `spec_` to the spec of the data, and stores all that `report` needs of the training rows, as
        these may be gone when a stored application is used.

        Statements about new rows are calibrated on the calibration split. Choices are made on
        `data.with_choices()`, which has rows for them even after a training on the validation split.
        """
        raise NotImplementedError(f"{type(self).__name__} must write `fit`.")

    def taken(self, data: Data) -> Data:
        """Return data with the test split as `report` takes it, such as images in place of their crops.

        By default it is `data` itself.
        """
        return data

    def report(self, data: Data, out: Path | None) -> Finding:
        """Process the test split of `data`, and return figures, sentences and pictures.

        What is shown beside the model and needs the training rows, such as a curve of baselines, is left out,
        with a note, if `data.train` is empty.

        Args:
            data: Data whose test split holds the examples: held-out rows, or examples of the user. Its
                training split is empty if a stored application works on new examples.
            out: Folder for the files; `None` returns only figures, as for a baseline.
        """
        raise NotImplementedError(f"{type(self).__name__} must write `report`.")

    def beside(self, data: Data) -> dict[str, Finding]:
        """Return what ways without a codec give on the same examples, by name. By default there are none.

        Args:
            data: Data whose test split holds the examples, with the training split.
        """
        return {}

    def notes_on_baselines(self, data: Data) -> list[str]:
        """Return how figures of baselines come about, where it is not as for the codec. Defaults to none.

        Args:
            data: Data whose test split holds the examples, with the training split.
        """
        return []

    # Storage -------------------------------------------------------------------------------------

    def settings(self) -> dict[str, Any]:
        """Return the arguments of the constructor, without the codec, as `load` is to compare them."""
        return {name: getattr(self, name) for name in registry.parameters(type(self)) if name != "codec"}

    def state(self) -> dict[str, Any]:
        """Return what `fit` learned, as `Kept` stores it: arrays, tables, Keras models and plain values."""
        raise NotImplementedError(f"{type(self).__name__} must write `state`.")

    def set_state(self, state: dict[str, Any]) -> None:
        """Take what `state` returned; afterwards the object is as after `fit`. `spec_` is set before."""
        raise NotImplementedError(f"{type(self).__name__} must write `set_state`.")

    def save(self, folder: str | Path) -> None:
        """Write what was fitted into a folder, in place of an earlier one. The codec is not written.

        Args:
            folder: Folder, which is written as a whole.

        Raises:
            ValueError: If nothing was fitted.
        """
        if not hasattr(self, "spec_"):
            raise ValueError(f"Expected a fitted {type(self).__name__} to save, received one before `fit`.")
        settings = {key: value for key, value in self.settings().items() if key not in self.only_reported}
        Kept(settings, self.state(), self.spec_.to_dict()).write(Path(folder), self.codec)

    @classmethod
    def load(cls, folder: str | Path, codec: Codec, **settings: Any) -> Self:
        """Read what `save` wrote. The training data are not needed.

        Args:
            folder: Folder that `save` wrote, such as `runs/a/applications/anomaly`.
            codec: Codec with which it was fitted.
            **settings: Arguments of the constructor. Those that decide what is fitted must be as they were,
                which is their default, but for those of `taken_anew`. Those of `only_reported` are not stored
                and have their usual defaults.

        Raises:
            FileNotFoundError: If nothing is stored there.
            ValueError: If the files are damaged, or were fitted by a newer kerasae, for another model or
                with other settings.
        """
        kept = Kept.read(Path(folder), codec)
        free = {*cls.only_reported, *cls.taken_anew}
        given = {key: value for key, value in settings.items() if key not in free}
        kept.check(Path(folder), given)
        application = cls(codec, **{**kept.settings, **settings})
        application.spec_ = Spec.from_dict(dict(kept.spec))
        application.set_state(dict(kept.state))
        return application

    @classmethod
    def reads(cls, source: str) -> bool:
        """Return whether the application reads a source itself, as a file that it wrote."""
        return False

    def restore(self, source: Path, out: Path) -> Finding:
        """Write the content of a file that it `reads` into `out`. It needs no `fit`."""
        raise NotImplementedError(f"{type(self).__name__} must write `restore`.")


def file_names(split: Any) -> list[str]:
    """Return the name of the file of each row of a split; an empty list if its rows are no files."""
    return [
        os.fsdecode(name) if isinstance(name, bytes) else str(name) for name in getattr(split, "names", ())
    ]


def row_names(data: Data, rows: int | None = None) -> list[str]:
    """Return a name for each row of the test split: its file name, its index in a table, its
    time stamp, or its number.

    Numbers count from 0 in the file or array from which the row was drawn.
    """
    split: Any = data.test
    if hasattr(split, "names"):
        names = file_names(split)
    elif hasattr(split, "stamps"):
        names = split.stamps
    elif data.spec.columns:
        names = [str(name) for chunk in split.chunks() for name in chunk.index]
    else:
        numbers = getattr(split, "numbers", None)
        names = [str(number) for number in (range(len(split)) if numbers is None else numbers)]
    return names[:rows]


def index_heading(data: Data) -> str | None:
    """Return the heading of the index of the test split of a table in a file; `None` to leave the index out.

    Numbers of rows in their natural order carry no information.
    """
    start = 0
    for chunk in data.test.chunks():
        if chunk.index.name is not None:
            return str(chunk.index.name)
        if not chunk.index.equals(pd.RangeIndex(start, start + len(chunk))):
            return ""
        start += len(chunk)
    return None


def class_labels(data: Data, split: str = "test") -> np.ndarray | None:
    """Return the labels of a split if they are classes: at least two, and clearly fewer than rows."""
    labels = data.split(split).labels
    if labels is None or labels.dtype.kind == "f":
        return None
    kinds = len(np.unique(labels[has_label(labels)]))
    return labels if 1 < kinds <= max(2, len(labels) // 2) else None
