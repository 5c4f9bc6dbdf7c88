"""The index: columns that name the rows."""

import warnings
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from kerasae.spec import Column


def find_ids(
    source: Any, options: dict[str, Any], known: Sequence[Column] | None
) -> tuple[list[str], Sequence[str]]:
    """Return the columns that name the rows, and other columns that pandas wrote as an index."""
    id = options["id"]
    given = [id] if isinstance(id, str) else list(id or ())
    asked = {*given, options["labels"], *options["drop"], *(options["types"] or {})}
    asked |= {column.name for column in known or ()}
    index = [name for name in source.index if name not in asked]
    if index and id is None:
        fate = "it names the rows and no training sees it; --id COLUMN chooses another"
    else:
        kinds = ", ".join(f'"{name}": "number"' for name in index)
        fate = f"no training sees it; to train on it, say its type: --set 'data.types={{{kinds}}}'"
    if index:
        warnings.warn(f"{source.index_words}: {fate}.", stacklevel=2)
    return (index, ()) if id is None else (given, index)


def index_of(block: pa.Table, ids: list[str]) -> pd.Index:
    """Return the names of rows, one string each. Names of several columns are joined by commas."""
    first, *others = (block[name].to_pandas() for name in ids)
    if not others:
        return pd.Index(first, name=ids[0])
    joined = first.astype(str)
    for one in others:
        joined = joined + ", " + one.astype(str)
    return pd.Index(joined, name=", ".join(ids))
