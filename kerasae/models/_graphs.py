"""The verbs of a model on NumPy arrays: traced once, run in batches."""

from typing import Any

import numpy as np
import tensorflow as tf

from kerasae.preprocessing import slices


class Graphs:
    """The compiled verbs of a model, traced once for each type; an object that Keras does not track."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._traced: dict[tuple[str, ...], Any] = {}

    def encode(self, raw: Any) -> Any:
        """Raw examples to codes."""
        return self._graph("encode", raw)(raw)

    def decode(self, codes: Any) -> Any:
        """Codes to reconstructions of `x`."""
        return self._graph("decode", codes)(codes)

    def account(self, raw: Any) -> Any:
        """Raw examples to a dict: code, residual and loss by feature."""
        return self._graph("account", raw)(raw)

    def _graph(self, verb: str, nest: Any) -> Any:
        arrays = tf.nest.flatten(nest)
        key = verb, *(array.dtype.name for array in arrays)
        if key not in self._traced:
            model = self._model
            verbs = {
                "encode": lambda raw: model.encode(model._to_x(raw)),
                "decode": model.decode,
                "account": lambda raw: model.account(model._to_x(raw)),
            }
            function = verbs[verb]
            # One graph for any number of rows: a trace costs more than a batch.
            spec = tf.nest.map_structure(
                lambda array: tf.TensorSpec((None, *array.shape[1:]), array.dtype), nest
            )
            self._traced[key] = tf.function(function, input_signature=[spec])
        return self._traced[key]


def in_batches(function: Any, nest: Any, batch_size: int) -> np.ndarray:
    """A function of tensors on an array, or a dict of arrays, `batch_size` rows at a time."""
    return np.concatenate([function(part).numpy() for part in slices(nest, batch_size)])
