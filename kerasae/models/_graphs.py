"""The verbs of a model on NumPy arrays: traced once, run in batches."""

from typing import Any

import numpy as np
import tensorflow as tf


class Graphs:
    """The compiled verbs of a model, traced once for each type; an object that Keras does not track."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._traced: dict[tuple[str, str], Any] = {}

    def encode(self, raw: Any) -> Any:
        """Raw examples to codes."""
        return self._graph("encode", raw)(raw)

    def decode(self, codes: Any) -> Any:
        """Codes to reconstructions of `x`."""
        return self._graph("decode", codes)(codes)

    def _graph(self, verb: str, array: Any) -> Any:
        key = verb, array.dtype.name
        if key not in self._traced:
            model = self._model
            function = model.decode if verb == "decode" else lambda raw: model.encode(model._to_x(raw))
            # One graph for any number of rows: a trace costs more than a batch.
            spec = tf.TensorSpec((None, *array.shape[1:]), array.dtype)
            self._traced[key] = tf.function(function, input_signature=[spec])
        return self._traced[key]


def in_batches(function: Any, array: np.ndarray, batch_size: int) -> np.ndarray:
    if len(array) == 0:
        raise ValueError("Expected at least one example, received none.")
    parts = [
        function(tf.convert_to_tensor(array[start : start + batch_size])).numpy()
        for start in range(0, len(array), batch_size)
    ]
    return np.concatenate(parts)
