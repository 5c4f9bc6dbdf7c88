"""Some examples of a split by their numbers, and how they are named and written down."""

import dataclasses
from typing import Any

from kerasae.applications._base import row_names
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.report import as_text

#: Numbers or columns of an example that a listing on a page has room for.
_COLUMNS = 8

#: What is learnt from, in the order in which the rows are numbered.
LEARNT = ("train", "validation")


def learnt_names(data: Data) -> list[str]:
    """A name for each row of the training and, behind them, of the validation split."""
    parts = [
        row_names(dataclasses.replace(data, test=data.split(split)))
        for split in LEARNT
        if len(data.split(split))
    ]
    names = [name for part in parts for name in part]
    # Without names of their own rows are numbered through, not from 0 again in each split.
    numbered = all(part == [str(number) for number in range(len(part))] for part in parts)
    return [str(number) for number in range(len(names))] if numbered else names


def headings(data: Data) -> list[str]:
    """The columns of `cells`."""
    names = kind_of(data.spec).column_names
    return [*names[:_COLUMNS], *(["…"] if len(names) > _COLUMNS else [])]


def cells(raw: Any, data: Data) -> list[list[str]]:
    """Examples as rows of a listing: a text, or the first of its columns or numbers."""
    frame = kind_of(data.spec).as_frame(raw)
    more = ["…"] if frame.shape[1] > _COLUMNS else []
    return [
        [*(as_text(value) for value in row), *more]
        for row in frame.iloc[:, :_COLUMNS].itertuples(index=False, name=None)
    ]
