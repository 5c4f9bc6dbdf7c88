"""Generated examples as files for other tools, and as parts of a page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kerasae.preprocessing import as_written
from kerasae.report import as_text
from kerasae.report.page import Listing
from kerasae.report.sheet import with_keys, write_table
from kerasae.spec import Column, Spec

#: Largest number of columns of a table on the page.
_COLUMNS = 12


def write_made(out: Path, stem: str, raw: Any, keys: Mapping[str, Any], spec: Spec) -> None:
    """Write generated examples under a name without an ending.

    Tables become `.csv`; texts `.txt`, or `.csv` with keys; arrays `.npy`, or `.npz` with the examples as `x`
    and the keys. Windows of a log also become `.csv`, with a line for each step.

    Args:
        out: Folder for the file.
        stem: Name of the file without its ending.
        raw: Raw examples, `(rows, ...)`.
        keys: Further columns for the rows, by name.
        spec: Spec of the examples, whose columns or channels define the notation of their values.
    """
    raw = as_written(raw, spec.columns)
    if spec.channels:
        write_table(_by_step(raw, keys, spec.channels), out / f"{stem}.csv")
    if isinstance(raw, pd.DataFrame) or (raw.dtype == object and keys):
        write_table(as_frame(raw, keys), out / f"{stem}.csv")
    elif raw.dtype == object:
        lines = "".join(" ".join(text.split("\n")) + "\n" for text in raw)
        (out / f"{stem}.txt").write_text(lines, encoding="utf-8")
    elif keys:
        arrays: dict[str, Any] = {"x": raw, **{name: np.asarray(values) for name, values in keys.items()}}
        np.savez_compressed(out / f"{stem}.npz", **arrays)
    else:
        np.save(out / f"{stem}.npy", raw)


def _by_step(raw: np.ndarray, keys: Mapping[str, Any], channels: Sequence[Column]) -> pd.DataFrame:
    """Return windows as a table: window and keys, step, 0 for the last reading, and the channels."""
    count, steps = raw.shape[:2]
    readings = np.asarray(raw, "float64").reshape(count * steps, len(channels))
    frame = as_written(pd.DataFrame(readings, columns=[channel.name for channel in channels]), channels)
    places = {"window": np.arange(count), **keys}
    numbers = {name: np.repeat(np.asarray(values), steps) for name, values in places.items()}
    return as_frame(frame, {**numbers, "step": np.tile(np.arange(1 - steps, 1), count)})


def as_frame(raw: Any, keys: Mapping[str, Any]) -> pd.DataFrame:
    """Return a table, or texts as a column, with the keys as columns before it."""
    return with_keys(raw if isinstance(raw, pd.DataFrame) else pd.DataFrame({"text": raw}), keys)


def listing(title: str, caption: str, raw: Any, keys: Mapping[str, Any], most: int) -> Listing:
    """Return the first rows of a table or of texts, for a page."""
    frame = as_frame(raw, keys).iloc[:most, :_COLUMNS]
    rows = [[as_text(value) for value in row] for row in frame.itertuples(index=False)]
    if keys:
        # A row with the same key as the row above belongs to it.
        first = [row[0] for row in rows]
        for number in range(1, len(rows)):
            if first[number] == first[number - 1]:
                rows[number][0] = f" {first[number]}"
    return Listing(title, caption, [str(name) for name in frame.columns], rows)
