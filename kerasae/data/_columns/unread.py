"""What is not read of a file: told in one warning, or refused."""

import warnings
from collections.abc import Collection
from pathlib import Path

from kerasae.data._columns.column_reader import ColumnReader

#: Columns that a warning names.
_SHOWN = 8


def warn_of_ignored(columns: list[str]) -> None:
    """Warn of columns that the training did not have."""
    if columns:
        shown = ", ".join(f"'{name}'" for name in columns[:_SHOWN])
        more = f" and {len(columns) - _SHOWN} more" if len(columns) > _SHOWN else ""
        warnings.warn(f"Columns that the training did not have are ignored: {shown}{more}.", stacklevel=2)


def check_written_alike(readers: Collection[ColumnReader], path: Path) -> None:
    """Refuse a file in which a column is written in another way than in the training.

    Raises:
        ValueError: with an entry that contradicts the notation of the training.
    """
    for reader in readers:
        if entry := reader.contradiction():
            column = reader.column
            written = column.notation.words() or "plain"
            raise ValueError(
                f"Expected {column.kind}s in column '{column.name}' of {path} written {written}, as in the "
                f"training, received '{entry}'; write them alike, or train again on files of this kind."
            )


def warn_of_unread(readers: Collection[ColumnReader], rule: str) -> None:
    """Warn of entries that could not be read and are missing.

    Args:
        readers: Readers of all columns, after the last block.
        rule: What the entries are not, for the message.
    """
    unread = [f"'{one.column.name}' ({one.unread.total()})" for one in readers if one.unread]
    if unread:
        warnings.warn(
            f"Entries that are not {rule} are missing, by column: {', '.join(unread)}.", stacklevel=2
        )
