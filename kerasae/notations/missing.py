"""Strings that stand for a missing entry."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

#: Strings that stand for a missing entry: Arrow's list and a few more.
STAND_INS = tuple(
    one for one in (*pa_csv.ConvertOptions().null_values, "None", "<NA>", "?", "-", "--", ".") if one
)


def nulls(texts: pa.ChunkedArray, stand_ins: Sequence[str] = STAND_INS) -> pa.ChunkedArray:
    """Replace strings that are empty or stand for a missing entry by null."""
    gone = pc.is_in(texts, pa.array(["", *stand_ins], pa.string()))
    return pc.if_else(gone, pa.scalar(None, pa.string()), texts)
