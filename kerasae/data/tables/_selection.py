"""Selection: the columns of a file that are read, and the facts given about them."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from kerasae import registry
from kerasae.data._columns.declared import check_types, declared
from kerasae.data._columns.unread import warn_of_ignored
from kerasae.data._labels import labels_of
from kerasae.data.tables._index import find_ids, index_of
from kerasae.spec import Column


@dataclasses.dataclass(frozen=True)
class Selection:
    """The columns of a file that are read, and the facts that a user or a training gives about them.

    Args:
        features: Names of the columns that become features, in order.
        labels: Name of the column of labels, or `None`.
        ids: Names of the columns that name the rows.
        types: Kinds of columns that the user gave, by name.
        missing: Entries that stand for a missing one, by feature.
        decimal: Decimal mark that the user gave, or `None`.
        dayfirst: Whether the day comes first in dates, if the user says it; otherwise `None`.
        known: Columns of the training. `None` at a training, which finds them.
    """

    features: list[str]
    labels: str | None
    ids: list[str]
    types: dict[str, str]
    missing: dict[str, tuple[str, ...]]
    decimal: str | None
    dayfirst: bool | None
    known: Sequence[Column] | None

    @classmethod
    def of(cls, source: Any, options: dict[str, Any], known: Sequence[Column] | None) -> "Selection":
        """Return what the arguments of `tables` select from an open file.

        Args:
            source: Open file, a `CsvFile` or a `ParquetFile`.
            options: Arguments of `tables` by name.
            known: Columns of the training, or `None`.

        Raises:
            ValueError: for an unknown column or kind, or if no column is left.
        """
        path, labels, types = options["path"], options["labels"], options["types"] or {}
        ids, left_out = find_ids(source, options, known)
        drop = options["drop"]
        by_column = options["missing"] if isinstance(options["missing"], dict) else {}
        for name in [labels, *ids, *drop, *types, *by_column, *(column.name for column in known or ())]:
            if name is not None and name not in source.names:
                raise ValueError(f"No column '{name}' in {path}; {registry.did_you_mean(name, source.names)}")
        check_types(types)
        features = [name for name in source.names if name not in (*drop, labels, *ids, *left_out)]
        if known is not None:
            names = [column.name for column in known]
            warn_of_ignored([name for name in features if name not in names])
            features = names
        if not features:
            raise ValueError(f"Expected columns beside labels and id in {path}, received none.")
        missing = {name: declared(options["missing"], name) for name in features}
        return cls(features, labels, ids, types, missing, options["decimal"], options["dayfirst"], known)

    def known_columns(self) -> list[Column]:
        """Return the columns of the training, with this file's entries that stand for a missing one."""
        return [
            dataclasses.replace(column, notation=column.notation.with_missing(self.missing[column.name]))
            for column in self.known or ()
        ]

    def with_ids_and_labels(
        self, features: pd.DataFrame, block: pa.Table
    ) -> tuple[pd.DataFrame, np.ndarray | None]:
        """Return the typed features of a block with the names of its rows, and its labels."""
        if self.ids:
            features.index = index_of(block, self.ids)
        return features, None if self.labels is None else labels_of(block[self.labels])
