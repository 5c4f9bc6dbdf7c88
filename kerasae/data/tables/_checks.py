"""What is refused, and what is said, once the entries of columns are read."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kerasae import registry
from kerasae.data._labels import tidy_labels
from kerasae.data.tables._column_reader import ColumnReader
from kerasae.data.tables._declared import KINDS
from kerasae.spec import Column

Reader = Callable[[], Iterator[tuple[pd.DataFrame, np.ndarray | None]]]


def joined_labels(blocks: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """Labels of all rows, of one type: those of a block or a split alone may look like another."""
    given = [labels for labels in blocks if labels is not None]
    return tidy_labels(np.concatenate(given)) if given else None


def check_types(types: dict[str, Any] | None) -> None:
    for name, kind in (types or {}).items():
        if kind not in KINDS:
            raise ValueError(
                f"Unknown type {kind!r} of column '{name}'; {registry.did_you_mean(str(kind), list(KINDS))}"
            )


def check_contradiction(reader: ColumnReader, path: Path) -> None:
    """Refuses a file in which a column is written in another way than in the training."""
    if entry := reader.contradiction():
        column = reader.column
        written = column.notation.words() or "plain"
        raise ValueError(
            f"Expected {column.kind}s in column '{column.name}' of {path} written {written}, as in the "
            f"training, received '{entry}'; write them alike, or train again on files of this kind."
        )


def warn_of_unread(readers: dict[str, ColumnReader], known: Sequence[Column] | None) -> None:
    unread = [f"'{name}' ({one.unread.total()})" for name, one in readers.items() if one.unread]
    if unread:
        rule = "of the type given" if known is None else "of the kind of the training"
        warnings.warn(
            f"Entries that are not {rule} are missing, by column: {', '.join(unread)}.", stacklevel=2
        )
