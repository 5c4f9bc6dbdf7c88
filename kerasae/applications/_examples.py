"""Examples of a split by their numbers: their names, and their entries in a listing."""

import dataclasses
from typing import Any

import numpy as np

from kerasae.applications._base import row_names
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.metrics import codes_of
from kerasae.report import as_text

#: Largest number of columns of an example in a listing on a page.
_COLUMNS = 8

#: Splits that an application learns from, in the order of the row numbers.
LEARNT = ("train", "validation")


def learnt_names(data: Data) -> list[str]:
    """Return a name for each training row, followed by those of the validation rows."""
    parts = [
        row_names(dataclasses.replace(data, test=data.split(split)))
        for split in LEARNT
        if len(data.split(split))
    ]
    names = [name for part in parts for name in part]
    # Rows without names are numbered across the splits; numbers do not start at 0 in each split.
    numbered = all(part == [str(number) for number in range(len(part))] for part in parts)
    return [str(number) for number in range(len(names))] if numbered else names


def headings(data: Data) -> list[str]:
    """Return the headings of the columns of `cells`."""
    names = kind_of(data.spec).column_names
    return [*names[:_COLUMNS], *(["…"] if len(names) > _COLUMNS else [])]


def cells(raw: Any, data: Data) -> list[list[str]]:
    """Return examples as rows of a listing: a text, or the first columns or numbers."""
    frame = kind_of(data.spec).as_frame(raw)
    more = ["…"] if frame.shape[1] > _COLUMNS else []
    return [
        [*(as_text(value) for value in row), *more]
        for row in frame.iloc[:, :_COLUMNS].itertuples(index=False, name=None)
    ]


def learnt_codes(codec: Codec, data: Data) -> np.ndarray:
    """Return the codes of the training and the validation rows, `(rows, latent_dim)`."""
    return np.concatenate([codes_of(codec, data, split) for split in LEARNT if len(data.split(split))])
