"""answers_of: answers to the rows of a data frame or an array, as `kerasae score` gives them for a file."""

import datetime
from collections.abc import Iterator
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
    is_frame = hasattr(data, "columns")
    if is_frame and columns_of(scorer):
        return pd.DataFrame([*_of_frame(data, scorer)], index=data.index)
    if scorer.crops and not is_frame:
        photographs = Photographs(scorer)
        return pd.DataFrame([photographs.answer(np.asarray(image)) for image in data])
    return pd.DataFrame([*_of_values(data, scorer)], index=data.index if is_frame else None)


def columns_of(scorer: Scorer) -> list[str]:
    """Return the names of the columns that the model knows; none if it knows examples by place."""
    if scorer.feed.is_line:
        return ["text"]
    return sorted(scorer.feed.of_lines().known)


def _of_frame(frame: pd.DataFrame, scorer: Scorer) -> Iterator[dict[str, Any]]:
    stream = None if scorer.feed.of_lines() is scorer.feed else Stream(scorer)
    feed = scorer.feed if stream is None else stream.feed
    # Which columns there are decides which of them are read, as a line of names does.
    feed.columns([str(name) for name in frame.columns])
    raw = feed.of_values(_records(frame))
    return scorer.answers(raw) if stream is None else map(stream.answer, raw)


def _of_values(data: Any, scorer: Scorer) -> Iterator[dict[str, Any]]:
    """Yield the answers to what has no named columns: whole examples, or readings of a log."""
    values: Any = data.to_numpy() if hasattr(data, "to_numpy") else data
    rows = values.tolist() if isinstance(values, np.ndarray) else [*values]
    if scorer.feed.of_lines() is scorer.feed or np.ndim(values) == len(scorer.spec.shape) + 1:
        return scorer.answers(scorer.feed.of_values(rows))
    stream = Stream(scorer)
    return map(stream.answer, stream.feed.of_values(rows))


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
