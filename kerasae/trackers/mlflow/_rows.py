"""answers_of: answers to the rows of a data frame or an array, as `kerasae score` gives them for a file."""

import datetime
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kerasae.export.scoring import Photographs, Scorer, Stream


def answers_of(data: Any, scorer: Scorer) -> pd.DataFrame:
    """Return the answers to rows, one row each, with the index of a data frame.

    Args:
        data: Data frame, array or list, as for `BundleModel.predict`.
        scorer: File that answers.

    Raises:
        ValueError: If a column is missing, or a row cannot be read.
    """
    answers = [*_photographs(data, scorer)] if _are_photographs(data, scorer) else [*_of_rows(data, scorer)]
    index = data.index if isinstance(data, pd.DataFrame) and len(data) == len(answers) else None
    return pd.DataFrame(answers, index=index)


def columns_of(scorer: Scorer) -> list[str]:
    """Return the names of the columns that the model knows; none if it knows examples by place."""
    if scorer.feed.is_line:
        return ["text"]
    return sorted(scorer.feed.of_lines().known)


def _of_rows(data: Any, scorer: Scorer) -> Iterator[dict[str, Any]]:
    lines = scorer.feed.of_lines()
    stream = None if lines is scorer.feed or _are_windows(data, scorer) else Stream(scorer)
    feed = scorer.feed if stream is None else stream.feed
    if isinstance(data, pd.DataFrame) and columns_of(scorer):
        # Which columns there are decides which of them are read, as a line of names does.
        feed.columns([str(name) for name in data.columns])
        raw = feed.of_values(_records(data))
    else:
        raw = feed.of_values(_values(data))
    yield from scorer.answers(raw) if stream is None else map(stream.answer, raw)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a data frame as lines of JSON: `None` for a missing entry, texts for dates."""
    columns = {str(name): [_plain(value) for value in frame[name].astype(object)] for name in frame.columns}
    names = [*columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain(value: Any) -> Any:
    """Return a value of a data frame as JSON has it."""
    if value is None or (np.ndim(value) == 0 and pd.isna(value)):
        return None
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value.item() if isinstance(value, np.generic) else value


def _values(data: Any) -> Sequence[Any]:
    """Return the rows of what has no named columns as lists of numbers, or as texts."""
    if isinstance(data, pd.DataFrame | pd.Series):
        data = data.to_numpy()
    values: Sequence[Any] = data.tolist() if isinstance(data, np.ndarray) else [*data]
    return values


def _are_windows(data: Any, scorer: Scorer) -> bool:
    """Return whether the rows are whole windows of a log: an array with a dimension for the steps."""
    return not isinstance(data, pd.DataFrame) and np.ndim(data) == len(scorer.spec.shape) + 1


def _are_photographs(data: Any, scorer: Scorer) -> bool:
    return scorer.crops and not isinstance(data, pd.DataFrame)


def _photographs(data: Any, scorer: Scorer) -> Iterator[dict[str, Any]]:
    photographs = Photographs(scorer)
    for image in data:
        yield photographs.answer(np.asarray(image))
