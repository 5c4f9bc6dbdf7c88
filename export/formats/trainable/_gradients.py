"""builtin_gradients: gradients of operations that devices have.

TensorFlow computes the gradient of an activation by a special operation, such as ReluGrad, which TFLite
lacks. In a graph that is traced `with builtin_gradients():`, `tf.gradients` uses the same formulas in
elementary operations.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf


def _above(x: Any) -> Any:
    return tf.cast(x > 0, x.dtype)


#: Function by operation, from the gradient of its output to that of its input.
_FORMULAS: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "Relu": lambda g, x, y, op: g * _above(x),
    "Relu6": lambda g, x, y, op: g * _above(x) * _above(6.0 - x),
    "LeakyRelu": lambda g, x, y, op: g * (_above(x) + (1.0 - _above(x)) * op.get_attr("alpha")),
    "Elu": lambda g, x, y, op: g * (_above(x) + (1.0 - _above(x)) * (y + 1.0)),
    "Sigmoid": lambda g, x, y, op: g * y * (1.0 - y),
    "Tanh": lambda g, x, y, op: g * (1.0 - y * y),
    "Softplus": lambda g, x, y, op: g * tf.sigmoid(x),
    "Log1p": lambda g, x, y, op: g / (1.0 + x),
}


def _register(operation: str) -> str:
    name = f"kerasae{operation}"

    @tf.RegisterGradient(name)
    def gradient(op: Any, g: Any) -> Any:
        return _FORMULAS[operation](g, op.inputs[0], op.outputs[0], op)

    return name


_NAMES = {operation: _register(operation) for operation in _FORMULAS}


@contextmanager
def builtin_gradients() -> Iterator[None]:
    """Let `tf.gradients`, but no tape, use the formulas of this file for operations traced in the context."""
    graph = tf.compat.v1.get_default_graph()
    with graph.gradient_override_map(_NAMES):
        yield
    for operation in graph.get_operations():
        if operation.type in _NAMES:
            # A SavedModel would try to store a gradient with a name as a function, and fail.
            operation._clear_attr("_gradient_op_type")
