"""Arrays on a device."""

from typing import Any

import numpy as np
import tensorflow as tf
from kerasae.export.feeds.array import ArrayFeed
from kerasae.export.views._origin import origins
from kerasae.export.views.array._server import ArrayServerView

from kerasae.preprocessing import Preprocessor


class ArrayEdgeView(ArrayServerView):
    """Arrays of one row on a device, which computes in float32.

    float32 would round float64 numbers that are far from 0 relative to their spread. Such a feature is
    counted from an origin, as in a table. The client subtracts the origin from its numbers, and adds it to
    the answers. `vocabulary.json` holds the origins.
    """

    #: Origin that a client subtracts from its numbers: a number, or one for each feature, in raw units.
    origin: Any = np.zeros(())

    def __init__(self, preprocessor: Preprocessor, batch: int | None) -> None:
        super().__init__(preprocessor, batch)
        if preprocessor.affine is not None:
            if preprocessor.precision == "float64" and self.spec.low is None:
                self.origin = origins(*preprocessor.affine)
            self.scaling = preprocessor.counted_from(self.origin)
        self.feeding = ArrayFeed(self.spec, self._dtype(), self.origin)

    def enter(self, sent: dict[str, Any]) -> Any:
        x = super().enter(sent)
        affine = self.scaling.affine
        if affine is None or np.size(affine[1]) == 1:
            return x
        # Otherwise TFLite's converter multiplies the scales into the first kernel. Then int8 has one range
        # for raw numbers of all units. It leaves a comparison alone, and NaN stays NaN.
        return tf.where(tf.equal(x, x), x, tf.constant(np.nan))

    def feed(self, raw: Any) -> dict[str, np.ndarray]:
        return self.feeding(raw)

    def _dtype(self) -> str:
        # The runtime of browsers has three types. A wider one would gain nothing, because x is float32.
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
