"""Tables, by column on a server and as one row of numbers on a device."""

from typing import Any

import numpy as np
import tensorflow as tf
from kerasae.export.views._origin import origins
from kerasae.export.views._view import BOUND, View, decimal

from kerasae import notations
from kerasae.preprocessing import TablePreprocessing, column_keys
from kerasae.spec import Column

#: Seconds of a day.
_DAY = 86400.0
#: What stands for a missing integer in a `tf.train.Example`: one that is left out.
_NO_INTEGER = -(2**63)
#: What no column is called among the inputs and outputs of a signature, as these have something else of that
#: name beside the columns, and TensorFlow's functions have an argument `self`.
_TAKEN = ("seed", "readable", "self")
#: Kinds of columns whose outputs are numbers.
_NUMBERS = ("number", "date", "boolean")


class TableServerView(View):
    """Tables by column: strings for categories, the empty one for missing; numbers with NaN."""

    def __init__(self, preprocessor: TablePreprocessing, batch: int | None) -> None:
        super().__init__(preprocessor, batch)
        self.keys = column_keys([column.name for column in self.spec.features], taken=_TAKEN)

    def inputs(self) -> dict[str, tf.TensorSpec]:
        return {
            self.keys[column.name]: tf.TensorSpec(
                (self.batch,),
                tf.string if column.kind == "category" else tf.float64,
                name=self.keys[column.name],
            )
            for column in self.spec.features
        }

    def enter(self, sent: dict[str, Any]) -> Any:
        return self.preprocessor({name: sent[key] for name, key in self.keys.items()})

    def leave(self, x: Any, name: str) -> dict[str, Any]:
        return {self.keys[column]: value for column, value in self.preprocessor.inverse(x).items()}

    def returned(self, answered: dict[str, Any]) -> dict[str, Any]:
        return answered

    def feed(self, raw: Any) -> dict[str, np.ndarray]:
        tensors = self.preprocessor.tensors(raw)
        return {key: tensors[name] for name, key in self.keys.items()}

    def unreadable(self, sent: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {
            key: np.array([np.nan if value.dtype.kind == "f" else ""], value.dtype)
            for key, value in sent.items()
        }

    def expected(self, x: np.ndarray, name: str) -> dict[str, np.ndarray]:
        return {key: np.asarray(value) for key, value in self.leave(tf.constant(x), name).items()}

    def units(self, name: str) -> dict[str, Any]:
        scales = zip(self.spec.columns, self.preprocessor.scales, strict=True)
        return {self.keys[column.name]: scale for column, scale in scales if column.kind in _NUMBERS}

    def describe(self) -> dict[str, Any]:
        return {
            "columns": [
                {"name": column.name, "key": self.keys[column.name], "kind": column.kind}
                | ({"example": "decimal text"} if column.name in self._texts else {})
                | _writing(column)
                for column in self.spec.features
            ]
        }

    @property
    def _texts(self) -> set[str]:
        """Columns of numbers that a `tf.train.Example` holds as decimal texts: float32 would round them."""
        moments = zip(self.spec.columns, self.preprocessor.centers, self.preprocessor.scales, strict=True)
        return {
            column.name
            for column, *moment in moments
            if column.kind == "number" and not _is_whole(column) and origins(*moment)
        }

    def features(self) -> dict[str, Any]:
        # An Example holds no float64: what is whole goes as an integer, what is far from 0 as a decimal
        # text, or it would be rounded.
        features = {}
        for column in self.spec.features:
            feature: Any = (tf.int64, _NO_INTEGER) if _is_whole(column) else (tf.float32, float("nan"))
            if column.kind == "category" or column.name in self._texts:
                feature = (tf.string, "")
            features[self.keys[column.name]] = tf.io.FixedLenFeature((), *feature)
        return features

    def from_features(self, parsed: dict[str, Any]) -> dict[str, Any]:
        types = self.inputs()

        def number(key: str, value: Any) -> Any:
            if value.dtype == tf.string:
                return value if types[key].dtype == tf.string else decimal(value)
            if value.dtype != tf.int64:
                return tf.cast(value, tf.float64)
            nothing = tf.constant(float("nan"), tf.float64)
            return tf.where(tf.equal(value, _NO_INTEGER), nothing, tf.cast(value, tf.float64))

        return {key: number(key, value) for key, value in parsed.items()}


def _is_whole(column: Column) -> bool:
    return column.kind == "date" or column.dtype.lower().startswith(("int", "uint"))


def _writing(column: Column) -> dict[str, Any]:
    """Return how the entries of a column are written as strings, for a client that sends values."""
    if column.notation == notations.plain(column.kind):
        return {}
    words = column.notation.words()
    return {"notation": column.notation.to_dict()} | ({"written": words} if words else {})


class TableEdgeView(View):
    """Tables as one row of numbers: categories as codes, dates as seconds, NaN for missing.

    A column whose numbers float32 would round by a part of their own spread is counted from an
    origin: dates from a day near their mean, others from a number near theirs. `vocabulary.json`
    says so.
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

    def inputs(self) -> dict[str, tf.TensorSpec]:
        return {"x": tf.TensorSpec((self.batch, *self.spec.shape), tf.float32, name="x")}

    def enter(self, sent: dict[str, Any]) -> Any:
        shift = (self._center - self._origin).astype("float32")
        x = (sent["x"] - shift) * (1.0 / self._scale).astype("float32")
        if not self._codes.any():
            return x
        # -1, 1.5 and numbers past the last code are codes of nothing: an unknown value, as is 0.
        inside = tf.logical_and(tf.greater_equal(x, 0.0), tf.less_equal(x, self._last))
        known = tf.logical_and(inside, tf.equal(x, tf.floor(x)))
        missing = tf.math.is_nan(x)
        kept = tf.logical_or(tf.logical_not(self._codes), tf.logical_or(missing, known))
        return tf.where(kept, x, tf.zeros_like(x))

    def leave(self, x: Any, name: str) -> dict[str, Any]:
        bounded = tf.clip_by_value(x, -BOUND, BOUND)
        shift = (self._center - self._origin).astype("float32")
        return {name: bounded * self._scale.astype("float32") + shift}

    def feed(self, raw: Any) -> dict[str, np.ndarray]:
        tensors = self.preprocessor.tensors(raw)
        columns = []
        for column in self.spec.features:
            values = tensors[column.name]
            if column.kind == "category":
                codes = {"": np.nan} | {text: i for i, text in enumerate(column.categories, 1)}
                values = np.array([codes.get(value, 0) for value in values])
            columns.append(values)
        return {"x": (np.stack(columns, axis=1) - self._origin).astype("float32")}

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
                | _writing(column)
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
