"""Calls: several training steps in one call of a compiled function."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

#: Bytes of the batches that a program of XLA gets at a time.
_BYTES = 2**25


@dataclass(frozen=True)
class Calls:
    """How `fit_calls` trains.

    Args:
        whole: Whether a call takes all its batches without asking whether there are any.
        prepare: Function that makes `x` of a batch in a step, or `None`.
        jit_validation: Whether XLA compiles the validation if it compiles the training.
    """

    whole: bool
    prepare: Callable[[Any], Any] | None
    jit_validation: bool


def steps_in_a_call(batches: "tf.data.Dataset[Any]", most: int) -> int:
    """Return the number of batches, at most `most`, that a program of XLA gets at a time; 0 for none.

    Args:
        batches: Dataset of batches. Without fixed shapes the answer is 0, since each shape is compiled.
        most: Number of steps in a call of Keras.
    """
    specs = tf.nest.flatten(batches.element_spec)
    if not all(isinstance(spec, tf.TensorSpec) and spec.shape.is_fully_defined() for spec in specs):
        return 0
    size = sum(math.prod(spec.shape) * spec.dtype.size for spec in specs)
    parts = -(-most // max(_BYTES // max(size, 1), 1))
    return -(-most // parts)


def call_of(model: Any, count: int, prepare: Callable[[Any], Any] | None) -> Callable[[Any], dict[str, Any]]:
    """Return a function that takes `count` batches from an iterator, and trains a step on each.

    The loop of Keras asks before each step whether there is another batch, and starts a program of XLA for
    each. In a small network that takes as long as the step. Here the iterator must have `count` batches.
    With XLA the steps of a program are a loop inside it.

    Args:
        model: Compiled autoencoder on one device, whose `train_step` logs its metrics alone.
        count: Number of steps.
        prepare: Function that makes `x` of a batch, or `None` if batches are `x`.
    """

    def train(batch: Any) -> None:
        model.train_step(batch if prepare is None else prepare(batch))

    def trained() -> dict[str, Any]:
        return model.get_metrics_result()

    @tf.function(jit_compile=True, autograph=False)
    def program(batches: Any, number: Any) -> dict[str, Any]:
        _repeat(number, lambda i: train(tf.nest.map_structure(lambda part: part[i], batches)))
        return trained()

    # Batches of several shapes are several programs.
    step = tf.function(train, jit_compile=model.jit_compile, autograph=False)

    @tf.function(reduce_retracing=True, autograph=False)
    def call(iterator: Any) -> dict[str, Any]:
        size = steps_in_a_call(iterator, count) if model.jit_compile else 0
        if not size:
            _repeat(count, lambda i: step(next(iterator)))
            return trained()
        logs = {}
        for start in range(0, count, size):
            number = min(size, count - start)
            logs = program(taken(iterator, number, size), tf.constant(number))
        return logs

    return call


def _repeat(number: Any, step: Callable[[Any], Any]) -> None:
    """Run a step so many times, one after the other, in a graph."""

    def body(i: Any) -> Any:
        step(i)
        return i + 1

    tf.while_loop(lambda i: i < number, body, [tf.constant(0)], parallel_iterations=1)


def taken(iterator: Any, number: int, size: int) -> Any:
    """Return `number` batches of an iterator, stacked and filled up with zeros to `size`."""
    specs = tf.nest.flatten(iterator.element_spec)
    empty = [tf.TensorArray(spec.dtype, size, element_shape=spec.shape) for spec in specs]

    def add(i: Any, arrays: Any) -> Any:
        parts = tf.nest.flatten(next(iterator))
        return i + 1, [array.write(i, part) for array, part in zip(arrays, parts, strict=True)]

    _, arrays = tf.while_loop(lambda i, _: i < number, add, [tf.constant(0), empty], parallel_iterations=1)
    return tf.nest.pack_sequence_as(iterator.element_spec, [array.stack() for array in arrays])
