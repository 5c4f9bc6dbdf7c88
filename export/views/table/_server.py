"""Tables on a server, by column."""

from typing import Any

import numpy as np
import tensorflow as tf
from kerasae.export.views._origin import is_far
from kerasae.export.views._view import View, decimal
from kerasae.export.views.table._notation import notation

from kerasae.preprocessing import TablePreprocessing, column_keys
from kerasae.spec import Column

#: Default of an integer feature that a `tf.train.Example` does not contain: the entry is missing.
_NO_INTEGER = -(2**63)
#: Names that no column may have among the inputs and outputs of a signature. Most are taken by
#: other entries, and `self` by TensorFlow's functions.
_TAKEN = ("seed", "readable", "threshold", "false_alarms", "self")
#: Answer for a value of a category that the training did not have.
_OTHER = "[UNK]"
#: Kinds of columns whose answers are numbers.
_NUMBERS = ("number", "date", "boolean")


class TableServerView(View):
    """Tables by column. Categories are strings, numbers are float64; a missing entry is `""` or NaN."""

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

    def linear(self) -> tuple[np.ndarray, np.ndarray]:
        moments = zip(self.spec.columns, self.preprocessor.centers, self.preprocessor.scales, strict=True)
        shift, scale = np.array([moment for column, *moment in moments if column.kind != "empty"]).T
        return np.where(self.codes(), 0.0, shift), np.where(self.codes(), 1.0, scale)

    def codes(self) -> np.ndarray:
        return np.array([column.kind == "category" for column in self.spec.features])

    @property
    def real(self) -> tf.DType:
        return tf.float64

    def numbers(self, sent: dict[str, Any], x: Any) -> Any:
        columns = [
            tf.cast(x[:, number] if column.kind == "category" else sent[self.keys[column.name]], tf.float64)
            for number, column in enumerate(self.spec.features)
        ]
        return tf.stack(columns, axis=1)

    def names(self, number: Any) -> dict[str, Any]:
        return {"reason_name": tf.gather([column.name for column in self.spec.features], number)}

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
        shift, scale = self.linear()
        raw = np.asarray(x, "float64") * scale + shift
        answers = {}
        for column, values in zip(self.spec.features, raw.T, strict=True):
            if column.kind == "category":
                texts = np.array(["", _OTHER, *column.categories], object)
                # NaN is missing, and 0 a value that training did not have.
                values = texts[np.rint(np.where(np.isnan(values), -1.0, values)).astype(int) + 1]
            answers[self.keys[column.name]] = values
        return answers

    def units(self, name: str) -> dict[str, Any]:
        scales = zip(self.spec.columns, self.preprocessor.scales, strict=True)
        return {self.keys[column.name]: scale for column, scale in scales if column.kind in _NUMBERS}

    def describe(self) -> dict[str, Any]:
        return {
            "columns": [
                {"name": column.name, "key": self.keys[column.name], "kind": column.kind}
                | ({"example": "decimal text"} if column.name in self._texts else {})
                | notation(column)
                for column in self.spec.features
            ]
        }

    @property
    def _texts(self) -> set[str]:
        """Columns of numbers that float32 would round: they are decimal text in a `tf.train.Example`."""
        moments = zip(self.spec.columns, self.preprocessor.centers, self.preprocessor.scales, strict=True)
        return {
            column.name
            for column, *moment in moments
            if column.kind == "number" and not _is_whole(column) and is_far(*moment)
        }

    def features(self) -> dict[str, Any]:
        # An Example cannot hold float64. Whole numbers are integers in it, and numbers far from 0 are decimal
        # text; float32 would round both.
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
