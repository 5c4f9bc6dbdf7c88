"""Gradients made of operations that devices have.

TensorFlow works out the gradient of an activation by an operation of its own, such as ReluGrad, for
which TFLite has none. In a graph traced `with builtin_gradients():` those that `tf.gradients` meets
are the same formulas in elementary operations.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf


def _above(x: Any) -> Any:
    return tf.cast(x > 0, x.dtype)


#: By operation: from its gradient and itself to the gradient of its input.
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
    """In here `tf.gradients`, not a tape, finds the formulas of this file for what is traced in here."""
    graph = tf.compat.v1.get_default_graph()
    with graph.gradient_override_map(_NAMES):
        yield
    for operation in graph.get_operations():
        if operation.type in _NAMES:
            # Where a gradient has a name, a SavedModel wants to store it as a function, and fails.
            operation._clear_attr("_gradient_op_type")
