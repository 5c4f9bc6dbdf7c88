"""living_row: a row of a table on a page, whose score and reasons follow when it is edited."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from kerasae.data import Data
from kerasae.living._outputs import columns_of
from kerasae.living.part import MOST_CHARACTERS, Part
from kerasae.living.program import GraphError, Program, base64_of

#: Largest number of columns of a row.
_COLUMNS = 60


@dataclasses.dataclass(frozen=True)
class LivingRow(Part):
    """Entries of a row that a reader edits, with score, p-value and reasons.

    Args:
        title: Heading.
        caption: Sentence below the heading.
        program: Judgement, from `x`, `(1, columns)`, to `score`, `p_value`, `shares`, `reason` and, if the
            detector has expected values, `expected`.
        data: What the script reads beside the program.
    """

    title: str
    caption: str
    program: Program
    data: dict[str, Any]

    kind: ClassVar[str] = "row"

    def payload(self) -> dict[str, Any]:
        return {"program": self.program.payload, **self.data}


def living_row(
    judge: Callable[[Any], dict[str, Any]],
    data: Data,
    raw: Any,
    names: Sequence[str],
    *,
    threshold: float,
    spreads: np.ndarray,
) -> LivingRow | None:
    """Return rows of a table or vectors as a part of a page.

    Args:
        judge: Function from `x`, `(batch, columns)`, to a dict of `score` and `p_value`, `(batch,)`,
            `shares`, the shares of the columns in the score, `(batch, columns)`, `reason`, the numbers of the
            columns with the greatest shares, and `expected`, what the model expects there in units of `x`,
            `(batch, reasons)`. It must run in a graph.
        data: Data with the preprocessor.
        raw: Raw rows to begin with, the oddest first.
        names: Their names.
        threshold: Threshold of the score.
        spreads: Standard deviation of what is expected, in units of `x`, `(columns,)`.

    Returns:
        The part; `None` if the examples are no rows of at most 60 columns, or if the page cannot compute the
        judgement.
    """
    spec, view = data.spec, data.preprocessor
    if len(spec.shape) != 1 or spec.size > _COLUMNS or spec.vocabulary or view is None or not len(names):
        return None
    columns = columns_of(view) if spec.columns else _features(data)
    if columns is None:
        return None
    try:
        program = Program.of(lambda sent: judge(sent["x"]), {"x": tf.TensorSpec((1, spec.size), tf.float32)})
    except GraphError:
        return None
    if program.characters > MOST_CHARACTERS:
        return None
    x = data.to_x(raw)
    answer = {key: np.asarray(value) for key, value in judge(tf.convert_to_tensor(x)).items()}
    scores = zip(answer["score"].tolist(), answer["p_value"].tolist(), strict=True)
    rows = [
        {"name": name, "entries": entries, "score": score, "p_value": p_value}
        for name, entries, (score, p_value) in zip(names, _entries(data, raw, x), scores, strict=True)
    ]
    given = {
        "columns": columns,
        "shape": list(spec.shape),
        "rows": rows,
        "shares": base64_of(answer["shares"], "<f4"),
        # JSON has no infinite number.
        "threshold": min(float(threshold), float(np.finfo("float32").max)),
        "spreads": np.asarray(spreads, "float64").tolist(),
    }
    return LivingRow(
        "A row to edit",
        "Change an entry: the score and the reasons follow. An empty entry is missing. Beside the strongest "
        "reasons stands what the model expects, and a click puts it in the place of the entry.",
        program,
        given,
    )


def _features(data: Data) -> list[dict[str, Any]] | None:
    """Return the features of vectors as columns of numbers; `None` if they are not just scaled."""
    view: Any = data.preprocessor
    if view.affine is None:
        return None
    shift, slope = (np.broadcast_to(moment, data.spec.shape) for moment in view.affine)
    return [
        {"name": f"feature {number}", "kind": "number", "center": center, "scale": scale, "step": 0.0}
        for number, (center, scale) in enumerate(zip(shift.tolist(), slope.tolist(), strict=True))
    ]


def _entries(data: Data, raw: Any, x: np.ndarray) -> list[list[float | None]]:
    """Return the entries of rows as numbers: a category is its code, a date is seconds, `None` is missing."""
    view: Any = data.preprocessor
    if not data.spec.columns:
        return [_plain(row) for row in np.asarray(raw, "float64")]
    tensors = view.tensors(raw)
    columns = [
        x[:, number] if column.kind == "category" else tensors[column.name]
        for number, column in enumerate(data.spec.features)
    ]
    return [_plain(row) for row in np.stack([np.asarray(one, "float64") for one in columns], axis=1)]


def _plain(row: np.ndarray) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in row]
