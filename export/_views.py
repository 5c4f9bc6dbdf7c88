"""Views: how raw examples enter an artifact and leave it, on a server and on a device."""

from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from kerasae.preprocessing import Preprocessor, TablePreprocessing
from kerasae.preprocessing.text import END

#: Between a network and its inverse scaling stands this bound, which no sound number reaches: without
#: it TFLite's converter multiplies the scale into the last kernel, and stores that kernel twice.
_BOUND = 3e38
#: Seconds of a day; and how many times its spread a number must be from 0 to be counted from nearby.
_DAY, _FAR = 86400.0, 1000.0
#: What stands for a missing integer in a `tf.train.Example`: one that is left out.
_NO_INTEGER = -(2**63)
#: Kinds of columns whose outputs are numbers.
_NUMBERS = ("number", "date", "boolean")


class View:
    """The raw side of an artifact.

    Args:
        preprocessor: of the model.
        batch: rows of a call; `None` for any number.
    """

    #: Outputs whose entries are names or ids, not numbers.
    symbols: ClassVar[bool] = False

    def __init__(self, preprocessor: Preprocessor, batch: int | None) -> None:
        self.preprocessor: Any = preprocessor
        self.spec = preprocessor.spec
        self.batch = batch

    def inputs(self) -> dict[str, tf.TensorSpec]:
        """What a client sends, by name."""
        raise NotImplementedError

    def enter(self, sent: dict[str, Any]) -> Any:
        """What was sent as `x`; in a graph."""
        raise NotImplementedError

    def leave(self, x: Any, name: str) -> dict[str, Any]:
        """`x` in raw units under an output's name; in a graph."""
        raise NotImplementedError

    def feed(self, raw: Any) -> dict[str, np.ndarray]:
        """Raw examples as a user holds them, as a client sends them."""
        raise NotImplementedError

    def expected(self, x: np.ndarray, name: str) -> dict[str, np.ndarray]:
        """What `leave` must give, worked out outside a graph."""
        raise NotImplementedError

    def units(self, name: str) -> dict[str, Any]:
        """What deviations of the outputs of `leave` are measured in: one unit of `x`, in raw units.

        A number for each entry of the last axis where they differ; 0 where an entry is a code.
        """
        return {}

    def vocabulary(self) -> dict[str, Any] | None:
        """What a client must look up before it sends, if anything."""
        return None

    def describe(self) -> dict[str, Any]:
        """What a reader of the outputs needs to know, for the manifest."""
        return {}

    def features(self) -> dict[str, Any] | None:
        """How a `tf.train.Example` holds what is sent, for `tf.io.parse_example`."""
        return {
            name: tf.io.FixedLenFeature(spec.shape[1:], _example_type(spec.dtype))
            for name, spec in self.inputs().items()
        }

    def from_features(self, parsed: dict[str, Any]) -> dict[str, Any]:
        """Parsed examples as they are sent."""
        return {name: tf.cast(parsed[name], spec.dtype) for name, spec in self.inputs().items()}


def _example_type(dtype: tf.DType) -> tf.DType:
    if dtype == tf.string:
        return tf.string
    return tf.int64 if dtype.is_integer or dtype == tf.bool else tf.float32


class ArrayView(View):
    """Images and vectors: `x` in the raw type, reconstructions as float32 in raw units and in range."""

    def _dtype(self) -> str:
        # The runtime of browsers knows three types; a wider one would gain nothing, as x is float32.
        if self.batch is None:
            return self.spec.dtype
        small = {"bool": "uint8", "uint8": "uint8", "int8": "int32", "int16": "int32", "uint16": "int32"}
        return small.get(self.spec.dtype, "int32" if self.spec.dtype == "int32" else "float32")

    def inputs(self) -> dict[str, tf.TensorSpec]:
        return {"x": tf.TensorSpec((self.batch, *self.spec.shape), self._dtype(), name="x")}

    def enter(self, sent: dict[str, Any]) -> Any:
        return self.preprocessor(sent["x"])

    def leave(self, x: Any, name: str) -> dict[str, Any]:
        raw = self.preprocessor.inverse(tf.clip_by_value(x, -_BOUND, _BOUND))
        if self.spec.low is not None and self.spec.high is not None:
            raw = tf.clip_by_value(raw, self.spec.low, self.spec.high)
        return {name: raw}

    def feed(self, raw: Any) -> dict[str, np.ndarray]:
        return {"x": self.preprocessor.tensors(raw).astype(self._dtype())}

    def expected(self, x: np.ndarray, name: str) -> dict[str, np.ndarray]:
        raw = np.asarray(self.preprocessor.inverse(x))
        return {name: np.clip(raw, self.spec.low, self.spec.high) if self.spec.high is not None else raw}

    def units(self, name: str) -> dict[str, Any]:
        zero = np.zeros((1, *self.spec.shape), "float32")
        unit = np.asarray(self.preprocessor.inverse(zero + 1) - self.preprocessor.inverse(zero))[0]
        return {name: float(unit.flat[0]) if np.all(unit == unit.flat[0]) else unit.tolist()}

    def describe(self) -> dict[str, Any]:
        return {"raw_type": self.spec.dtype, "low": self.spec.low, "high": self.spec.high}


class TableServerView(View):
    """Tables by column: strings for categories, the empty one for missing; numbers with NaN."""

    def __init__(self, preprocessor: TablePreprocessing, batch: int | None) -> None:
        super().__init__(preprocessor, batch)
        self.keys = preprocessor.keys

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

    def feed(self, raw: Any) -> dict[str, np.ndarray]:
        found = self.preprocessor.tensors(raw)
        return {key: found[name] for name, key in self.keys.items()}

    def expected(self, x: np.ndarray, name: str) -> dict[str, np.ndarray]:
        return {key: np.asarray(value) for key, value in self.leave(tf.constant(x), name).items()}

    def units(self, name: str) -> dict[str, Any]:
        scales = zip(self.spec.columns, self.preprocessor.scales, strict=True)
        return {self.keys[column.name]: scale for column, scale in scales if column.kind in _NUMBERS}

    def describe(self) -> dict[str, Any]:
        kinds = {column.name: column.kind for column in self.spec.features}
        found = [{"name": name, "key": key, "kind": kinds[name]} for name, key in self.keys.items()]
        return {"columns": found}

    def features(self) -> dict[str, Any]:
        # An Example holds no float64: what is whole goes as an integer, or it would be rounded.
        found = {}
        for column in self.spec.features:
            whole = column.kind == "date" or column.dtype.lower().startswith(("int", "uint"))
            kind, default = (tf.int64, _NO_INTEGER) if whole else (tf.float32, float("nan"))
            if column.kind == "category":
                kind, default = tf.string, ""
            found[self.keys[column.name]] = tf.io.FixedLenFeature((), kind, default)
        return found

    def from_features(self, parsed: dict[str, Any]) -> dict[str, Any]:
        def number(value: Any) -> Any:
            if value.dtype != tf.int64:
                return value if value.dtype == tf.string else tf.cast(value, tf.float64)
            nothing = tf.constant(float("nan"), tf.float64)
            return tf.where(tf.equal(value, _NO_INTEGER), nothing, tf.cast(value, tf.float64))

        return {key: number(value) for key, value in parsed.items()}


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
        self._center = np.where(self._codes, 0.0, [center for _, center, _ in columns])
        self._scale = np.where(self._codes, 1.0, [scale for _, _, scale in columns])
        self._origin = np.array(
            [
                _DAY * np.floor(center / _DAY)
                if column.kind == "date"
                else np.round(center)
                if column.kind == "number" and abs(center) > _FAR * scale
                else 0.0
                for column, center, scale in columns
            ]
        )

    def inputs(self) -> dict[str, tf.TensorSpec]:
        return {"x": tf.TensorSpec((self.batch, *self.spec.shape), tf.float32, name="x")}

    def enter(self, sent: dict[str, Any]) -> Any:
        shift = (self._center - self._origin).astype("float32")
        return (sent["x"] - shift) * (1.0 / self._scale).astype("float32")

    def leave(self, x: Any, name: str) -> dict[str, Any]:
        bounded = tf.clip_by_value(x, -_BOUND, _BOUND)
        shift = (self._center - self._origin).astype("float32")
        return {name: bounded * self._scale.astype("float32") + shift}

    def feed(self, raw: Any) -> dict[str, np.ndarray]:
        found = self.preprocessor.tensors(raw)
        columns = []
        for column in self.spec.features:
            values = found[column.name]
            if column.kind == "category":
                codes = {"": np.nan} | {text: i for i, text in enumerate(column.categories, 1)}
                values = np.array([codes.get(value, 0) for value in values])
            columns.append(values)
        return {"x": (np.stack(columns, axis=1) - self._origin).astype("float32")}

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


class TextServerView(View):
    """Texts as strings."""

    symbols = True

    def inputs(self) -> dict[str, tf.TensorSpec]:
        return {"x": tf.TensorSpec((self.batch,), tf.string, name="x")}

    def enter(self, sent: dict[str, Any]) -> Any:
        return self.preprocessor(sent["x"])

    def leave(self, x: Any, name: str) -> dict[str, Any]:
        words = self.preprocessor.inverse(x)
        if self.preprocessor.tokens == "words":
            return {name: tf.strings.strip(tf.strings.reduce_join(words, axis=1, separator=" "))}
        return {name: tf.strings.reduce_join(words, axis=1)}

    def feed(self, raw: Any) -> dict[str, np.ndarray]:
        return {"x": self.preprocessor.tensors(raw)}

    def expected(self, x: np.ndarray, name: str) -> dict[str, np.ndarray]:
        return {name: self.preprocessor.restore(x)}


class TextEdgeView(View):
    """Texts as token ids, the end token behind them, padded with 0."""

    symbols = True

    def inputs(self) -> dict[str, tf.TensorSpec]:
        return {"x": tf.TensorSpec((self.batch, *self.spec.shape), tf.int32, name="x")}

    def enter(self, sent: dict[str, Any]) -> Any:
        return sent["x"]

    def leave(self, x: Any, name: str) -> dict[str, Any]:
        ends = tf.cast(tf.equal(x, END), tf.int32)
        return {name: tf.where(tf.cumsum(ends, axis=1, exclusive=True) > 0, tf.zeros_like(x), x)}

    def feed(self, raw: Any) -> dict[str, np.ndarray]:
        return {"x": self.preprocessor.to_x(raw)}

    def expected(self, x: np.ndarray, name: str) -> dict[str, np.ndarray]:
        ids = np.array(x)
        for row in ids:
            ends = np.flatnonzero(row == END)
            if ends.size:
                row[ends[0] + 1 :] = 0
        return {name: ids}

    def vocabulary(self) -> dict[str, Any]:
        return {
            "kind": "text",
            "tokens": self.preprocessor.tokens,
            "standardize": self.preprocessor.standardize,
            "length": self.spec.shape[0],
            "padding": 0,
            "unknown": 1,
            "end": END,
            "ids": {token: i for i, token in enumerate(self.spec.vocabulary) if i > END},
        }


_SERVER = {"table": TableServerView, "text": TextServerView}
_EDGE = {"table": TableEdgeView, "text": TextEdgeView}


def server_view(preprocessor: Any) -> View:
    """The view of a server: any number of rows a call, strings and columns by name."""
    return _SERVER.get(preprocessor.spec.kind, ArrayView)(preprocessor, None)


def edge_view(preprocessor: Any) -> View:
    """The view of a device: one row a call, numbers alone."""
    return _EDGE.get(preprocessor.spec.kind, ArrayView)(preprocessor, 1)
