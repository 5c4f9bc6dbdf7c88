"""Tables on a device, as one row of numbers."""

from typing import Any

import numpy as np
import tensorflow as tf
from kerasae.export.feeds.table import TableFeed
from kerasae.export.views._origin import origins
from kerasae.export.views._view import BOUND, View
from kerasae.export.views.table._notation import notation

from kerasae.preprocessing import TablePreprocessing

#: Seconds of a day.
_DAY = 86400.0


class TableEdgeView(View):
    """Tables as one row of numbers. A category is a code, a date is seconds; a missing entry is NaN.

    float32 would round numbers that are far from 0 relative to their spread. Such a column is counted from an
    origin: dates from a day near their mean, other numbers from a whole number near their mean, or one with
    few decimals. The client subtracts the origin, which is in `vocabulary.json`.
    """

    def __init__(self, preprocessor: TablePreprocessing, batch: int | None) -> None:
        super().__init__(preprocessor, batch)
        columns = [
            (column, center, scale)
            for column, center, scale in zip(
                self.spec.columns, preprocessor.centers or (), preprocessor.scales or (), strict=True
            )
            if column.kind != "empty"
        ]
        self._codes = np.array([column.kind == "category" for column, _, _ in columns])
        self._last = np.array([len(column.categories) for column, _, _ in columns], "float32")
        self._center = np.where(self._codes, 0.0, [center for _, center, _ in columns])
        self._scale = np.where(self._codes, 1.0, [scale for _, _, scale in columns])
        self._origin = np.array(
            [
                _DAY * np.floor(center / _DAY)
                if column.kind == "date"
                else float(origins(center, scale))
                if column.kind == "number"
                else 0.0
                for column, center, scale in columns
            ]
        )
        self.feeding = TableFeed(self.spec, self._origin.tolist())

    def inputs(self) -> dict[str, tf.TensorSpec]:
        return {"x": tf.TensorSpec((self.batch, *self.spec.shape), tf.float32, name="x")}

    def enter(self, sent: dict[str, Any]) -> Any:
        shift = (self._center - self._origin).astype("float32")
        x = (sent["x"] - shift) * (1.0 / self._scale).astype("float32")
        if not self._codes.any():
            return x
        # -1, 1.5 and numbers above the last code stand for no category: they become 0, the unknown value.
        inside = tf.logical_and(tf.greater_equal(x, 0.0), tf.less_equal(x, self._last))
        known = tf.logical_and(inside, tf.equal(x, tf.floor(x)))
        missing = tf.math.is_nan(x)
        kept = tf.logical_or(tf.logical_not(self._codes), tf.logical_or(missing, known))
        return tf.where(kept, x, tf.zeros_like(x))

    def leave(self, x: Any, name: str) -> dict[str, Any]:
        bounded = tf.clip_by_value(x, -BOUND, BOUND)
        shift = (self._center - self._origin).astype("float32")
        return {name: bounded * self._scale.astype("float32") + shift}

    def linear(self) -> tuple[np.ndarray, np.ndarray]:
        return self._center - self._origin, self._scale

    def codes(self) -> np.ndarray:
        return self._codes

    def numbers(self, sent: dict[str, Any], x: Any) -> Any:
        # What stands for no category is the unknown value in x.
        return tf.where(self._codes, x, sent["x"]) if self._codes.any() else sent["x"]

    def feed(self, raw: Any) -> dict[str, np.ndarray]:
        return self.feeding(raw)

    def unreadable(self, sent: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {"x": np.full_like(sent["x"][:1], np.nan)}

    def expected(self, x: np.ndarray, name: str) -> dict[str, np.ndarray]:
        raw = np.asarray(x, "float64") * self._scale + (self._center - self._origin)
        return {name: raw.astype("float32")}

    def units(self, name: str) -> dict[str, Any]:
        return {name: np.where(self._codes, 0.0, self._scale).tolist()}

    def vocabulary(self) -> dict[str, Any]:
        return {
            "kind": "table",
            "columns": [
                {"name": column.name, "kind": column.kind}
                | notation(column)
                | (
                    {"codes": {text: i for i, text in enumerate(column.categories, 1)}, "unknown": 0}
                    if column.kind == "category"
                    else {"origin": origin}
                )
                for column, origin in zip(self.spec.features, self._origin.tolist(), strict=True)
            ],
            "missing": "NaN",
            "numbers": "what is sent is the number minus its origin, what is answered lacks the origin too",
            "dates": "numbers of seconds since 1970-01-01 00:00 UTC",
        }

    def describe(self) -> dict[str, Any]:
        return {
            "columns": [column.name for column in self.spec.features],
            "codes": np.flatnonzero(self._codes).tolist(),
            "origins": self._origin.tolist(),
        }
