"""Strings that stand for a missing entry."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

#: What stands for a missing entry, Arrow's list, as strings.
STAND_INS = tuple(
    one for one in (*pa_csv.ConvertOptions().null_values, "None", "<NA>", "?", "-", "--", ".") if one
)


def nulls(texts: pa.ChunkedArray, stand_ins: Sequence[str] = STAND_INS) -> pa.ChunkedArray:
    """Strings with a null where one is empty or stands for a missing entry."""
    gone = pc.is_in(texts, pa.array(["", *stand_ins], pa.string()))
    return pc.if_else(gone, pa.scalar(None, pa.string()), texts)
