"""Arrays on a server."""

from typing import Any

import numpy as np
import tensorflow as tf
from kerasae.export.views._origin import is_far
from kerasae.export.views._view import BOUND, View

from kerasae.kinds import kind_of


class ArrayServerView(View):
    """Arrays of any number of rows. `x` has the raw type; reconstructions are in raw units and in range.

    Reconstructions are float64 if float32 cannot hold every number of the raw type, otherwise float32.
    """

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
        return {"x": self.preprocessor.tensors(raw).astype(self._dtype())}

    def linear(self) -> tuple[np.ndarray, np.ndarray]:
        center, scale = (np.broadcast_to(part, self.spec.shape).ravel() for part in self.scaling.affine)
        return center, scale

    def unreadable(self, sent: dict[str, np.ndarray]) -> dict[str, np.ndarray] | None:
        if sent["x"].dtype.kind != "f":
            return None
        row = sent["x"][:1].copy()
        # One missing entry suffices, unless gaps are allowed.
        row.flat[slice(None) if kind_of(self.spec).has_gaps else -1] = np.nan
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
        return affine is not None and self.spec.dtype == "float64" and bool(np.any(is_far(*affine)))

    def describe(self) -> dict[str, Any]:
        texts = {"example": "decimal text"} if self.far else {}
        return {"raw_type": self.spec.dtype, "low": self.spec.low, "high": self.spec.high, **texts}
