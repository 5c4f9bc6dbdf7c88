"""Images and vectors, raw."""

from typing import Any

import numpy as np
import tensorflow as tf
from kerasae.export._view import BOUND, View


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
        raw = self.preprocessor.inverse(tf.clip_by_value(x, -BOUND, BOUND))
        if self.spec.low is not None and self.spec.high is not None:
            raw = tf.clip_by_value(raw, self.spec.low, self.spec.high)
        return {name: raw}

    def feed(self, raw: Any) -> dict[str, np.ndarray]:
        return {"x": self.preprocessor.tensors(raw).astype(self._dtype())}

    def unreadable(self, sent: dict[str, np.ndarray]) -> dict[str, np.ndarray] | None:
        if sent["x"].dtype.kind != "f":
            return None
        row = sent["x"][:1].copy()
        row.flat[-1] = np.nan
        return {"x": row}

    def expected(self, x: np.ndarray, name: str) -> dict[str, np.ndarray]:
        raw = np.asarray(self.preprocessor.inverse(x))
        return {name: np.clip(raw, self.spec.low, self.spec.high) if self.spec.high is not None else raw}

    def units(self, name: str) -> dict[str, Any]:
        zero = np.zeros((1, *self.spec.shape), "float32")
        unit = np.asarray(self.preprocessor.inverse(zero + 1) - self.preprocessor.inverse(zero))[0]
        return {name: float(unit.flat[0]) if np.all(unit == unit.flat[0]) else unit.tolist()}

    def describe(self) -> dict[str, Any]:
        return {"raw_type": self.spec.dtype, "low": self.spec.low, "high": self.spec.high}
