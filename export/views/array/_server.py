"""Images and vectors, raw."""

from typing import Any

import numpy as np
import tensorflow as tf
from kerasae.export.views._origin import origins
from kerasae.export.views._view import BOUND, View

from kerasae.preprocessing import Preprocessor


class ArrayView(View):
    """Images and vectors on a server: `x` in the raw type, reconstructions in raw units and in range.

    Reconstructions are float64 where float32 cannot hold every number of the raw type, else float32.
    """

    #: What a client subtracts before it sends, in raw units, a number or one for each feature.
    origin: Any = np.zeros(())

    def _dtype(self) -> str:
        return self.spec.dtype

    def inputs(self) -> dict[str, tf.TensorSpec]:
        return {"x": tf.TensorSpec((self.batch, *self.spec.shape), self._dtype(), name="x")}

    def enter(self, sent: dict[str, Any]) -> Any:
        return self.scaling(sent["x"])

    def leave(self, x: Any, name: str) -> dict[str, Any]:
        raw = self.scaling.inverse(tf.clip_by_value(x, -BOUND, BOUND))
        if self.spec.low is not None and self.spec.high is not None:
            raw = tf.clip_by_value(
                raw, *(tf.cast(bound, raw.dtype) for bound in (self.spec.low, self.spec.high))
            )
        return {name: raw}

    def feed(self, raw: Any) -> dict[str, np.ndarray]:
        numbers = self.preprocessor.tensors(raw)
        if np.any(self.origin):
            numbers = numbers.astype("float64") - self.origin
        return {"x": numbers.astype(self._dtype())}

    def unreadable(self, sent: dict[str, np.ndarray]) -> dict[str, np.ndarray] | None:
        if sent["x"].dtype.kind != "f":
            return None
        row = sent["x"][:1].copy()
        row.flat[-1] = np.nan
        return {"x": row}

    def expected(self, x: np.ndarray, name: str) -> dict[str, np.ndarray]:
        raw = np.asarray(self.scaling.inverse(x))
        return {name: np.clip(raw, self.spec.low, self.spec.high) if self.spec.high is not None else raw}

    def units(self, name: str) -> dict[str, Any]:
        zero = np.zeros((1, *self.spec.shape), "float32")
        unit = np.asarray(self.scaling.inverse(zero + 1) - self.scaling.inverse(zero))[0]
        return {name: float(unit.flat[0]) if np.all(unit == unit.flat[0]) else unit.tolist()}

    @property
    def far(self) -> bool:
        affine = self.preprocessor.affine
        return affine is not None and self.spec.dtype == "float64" and bool(np.any(origins(*affine)))

    def describe(self) -> dict[str, Any]:
        texts = {"example": "decimal text"} if self.far else {}
        return {"raw_type": self.spec.dtype, "low": self.spec.low, "high": self.spec.high, **texts}


class ArrayEdgeView(ArrayView):
    """Images and vectors on a device, which computes in float32.

    A feature of a wider type whose numbers float32 would round by a part of their own spread is
    counted from an origin, as in a table: a client subtracts it before it sends, and adds it to what
    is answered. `vocabulary.json` holds the origins.
    """

    def __init__(self, preprocessor: Preprocessor, batch: int | None) -> None:
        super().__init__(preprocessor, batch)
        if preprocessor.affine is not None:
            if preprocessor.precision == "float64" and self.spec.low is None:
                self.origin = origins(*preprocessor.affine)
            self.scaling = preprocessor.counted_from(self.origin)

    def _dtype(self) -> str:
        # The runtime of browsers knows three types; a wider one would gain nothing, as x is float32.
        small = {"bool": "uint8", "uint8": "uint8", "int8": "int32", "int16": "int32", "uint16": "int32"}
        return small.get(self.spec.dtype, "int32" if self.spec.dtype == "int32" else "float32")

    def vocabulary(self) -> dict[str, Any] | None:
        if not np.any(self.origin):
            return None
        return {
            "kind": self.spec.kind,
            "origin": self.origin.tolist(),
            "numbers": "what is sent is the number minus its origin, what is answered lacks the origin too",
        }

    def describe(self) -> dict[str, Any]:
        far = {"origins": self.origin.tolist()} if np.any(self.origin) else {}
        return {**super().describe(), **far}
