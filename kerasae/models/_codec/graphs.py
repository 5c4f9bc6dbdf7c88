"""Graphs: traced functions of a model, which run on NumPy arrays in batches."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from kerasae.preprocessing import slices


class Graphs:
    """Traced functions of a model, one for each input type. Keras does not track this object."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._traced: dict[tuple[str, ...], Any] = {}

    def once(self, key: tuple[str, ...], make: Callable[[], Any]) -> Any:
        """Return the result of `make`, a traced function, called once for each key."""
        if key not in self._traced:
            self._traced[key] = make()
        return self._traced[key]

    def encode(self, raw: Any) -> Any:
        """Encode raw examples as codes."""
        return self._graph("encode", raw)(raw)

    def decode(self, codes: Any) -> Any:
        """Decode codes to reconstructions of `x`."""
        return self._graph("decode", codes)(codes)

    def account(self, raw: Any) -> Any:
        """Return the `account` of raw examples: a dict of code, residual and loss of each feature."""
        return self._graph("account", raw)(raw)

    def _graph(self, verb: str, nest: Any) -> Any:
        arrays = tf.nest.flatten(nest)
        key = verb, *(array.dtype.name for array in arrays)
        model = self._model
        verbs = {
            "encode": lambda raw: model.encode(model._to_x(raw)),
            "decode": model.decode,
            "account": lambda raw: model.account(model._to_x(raw)),
        }
        # One graph serves any number of rows, because tracing costs more than running a batch.
        spec = tf.nest.map_structure(lambda array: tf.TensorSpec((None, *array.shape[1:]), array.dtype), nest)
        return self.once(key, lambda: tf.function(verbs[verb], autograph=False, input_signature=[spec]))


def in_batches(function: Any, nest: Any, batch_size: int) -> np.ndarray:
    """Apply a function of tensors to arrays in batches.

    Args:
        function: Function of one batch that returns a tensor, `(batch, ...)`.
        nest: Array, or dict of arrays, with the same number of rows.
        batch_size: Number of rows in a batch.

    Returns:
        NumPy array of all rows.
    """
    return np.concatenate([function(part).numpy() for part in slices(nest, batch_size)])
