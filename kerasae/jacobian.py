"""The squared Frobenius norm of an encoder's Jacobian, exact or estimated, at the lowest cost.

`batch_jacobian` costs as much as 12 to 15 training steps. For a stack of dense layers the norm has a form in
which everything that does not depend on the example is computed once for the batch, so the work per example
is small. For any other encoder, one backward pass per number of the code computes the norm exactly, and one
backward pass per probe estimates it without bias.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf


class DenseStep(NamedTuple):
    """One layer `h = activation(x kernel + bias)` of a stack."""

    kernel: Any
    bias: Any
    activation: Any


#: Activations whose j-th output depends only on the j-th input.
_ELEMENTWISE = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softplus",
    "softsign",
    "tanh",
    "tanh_shrink",
]
#: Layers that do not change the norm of the Jacobian outside training.
_TRANSPARENT = (
    keras.layers.InputLayer,
    keras.layers.Flatten,
    keras.layers.Reshape,
    keras.layers.Dropout,
)


def dense_stack(layers: Sequence[keras.layers.Layer]) -> list[DenseStep] | None:
    """Return the steps of a sequence of layers if it is a stack of dense layers, otherwise `None`."""
    steps: list[DenseStep] = []
    for layer in layers:
        if isinstance(layer, _TRANSPARENT):
            continue
        activation = getattr(layer, "activation", None)
        if type(layer) not in (keras.layers.Dense, keras.layers.Activation) or (
            getattr(activation, "__name__", None) not in _ELEMENTWISE
        ):
            return None
        if isinstance(layer, keras.layers.Dense):
            if steps and steps[-1].kernel.shape[1] != layer.kernel.shape[0]:
                return None
            steps.append(DenseStep(layer.kernel, layer.bias, activation))
        elif steps and _is_linear(steps[-1]):
            steps[-1] = steps[-1]._replace(activation=activation)
        else:
            return None
    return steps or None


def _is_linear(step: DenseStep) -> bool:
    return step.activation is keras.activations.linear


def stack_norm(steps: Sequence[DenseStep], x: Any) -> Any:
    """Compute the exact squared norm for a stack of dense layers.

    With one layer it is `sum_j s'_j^2 sum_i W_ij^2` (Rifai et al. 2011, equation 6). With two layers and a
    linear code it is a quadratic form in `(W1^T W1) o (W2 W2^T)`, which is the same for the whole batch.
    Otherwise the rows of the Jacobian are multiplied from the code back to the first layer. There the product
    ends with the Gram matrix or the kernel of this layer, whichever costs less.

    Args:
        steps: Layers from the input to the code.
        x: Floating-point examples, `(batch, ...)`.

    Returns:
        A float32 tensor of shape `(batch,)`.
    """
    kernels = [tf.cast(tf.convert_to_tensor(step.kernel), tf.float32) for step in steps]
    slopes = _slopes(steps, kernels, tf.cast(x, tf.float32))
    first = kernels[0]
    if len(steps) == 1:
        if slopes[0] is None:
            return tf.fill(tf.shape(x)[:1], tf.reduce_sum(tf.square(first)))
        return tf.linalg.matvec(tf.square(slopes[0]), tf.reduce_sum(tf.square(first), axis=0))
    gram = tf.matmul(first, first, transpose_a=True)
    if len(steps) == 2 and slopes[1] is None:
        shared = gram * tf.matmul(kernels[1], kernels[1], transpose_b=True)
        return _quadratic_form(
            slopes[0] if slopes[0] is not None else tf.ones((tf.shape(x)[0], gram.shape[0])), shared
        )
    rows = tf.transpose(kernels[-1])[None]
    if slopes[-1] is not None:
        rows = rows * slopes[-1][:, :, None]
    for kernel, slope in zip(kernels[-2::-1], slopes[-2::-1], strict=True):
        if slope is not None:
            rows = rows * slope[:, None, :]
        if kernel is not first:
            rows = tf.tensordot(rows, kernel, axes=[[2], [1]])
    rows = tf.broadcast_to(rows, (tf.shape(x)[0], *rows.shape[1:]))
    inputs, width = first.shape
    # The Gram form needs two products of this size instead of three: its gradient reuses one.
    if 2 * width <= 3 * inputs:
        return _quadratic_form(rows, gram)
    return tf.reduce_sum(tf.square(tf.tensordot(rows, first, axes=[[2], [1]])), axis=[1, 2])


def _slopes(steps: Sequence[DenseStep], kernels: list[Any], x: Any) -> list[Any]:
    """Return the derivatives of the activation of each layer, `(batch, units)`; `None` for a linear one."""
    slopes: list[Any] = []
    h = tf.reshape(x, (-1, kernels[0].shape[0]))
    for position, (step, kernel) in enumerate(zip(steps, kernels, strict=True)):
        if _is_linear(step) and position == len(steps) - 1:
            slopes.append(None)
            break
        before = tf.matmul(h, kernel)
        if step.bias is not None:
            before = before + tf.cast(tf.convert_to_tensor(step.bias), tf.float32)
        if _is_linear(step):
            h = before
            slopes.append(None)
            continue
        with tf.GradientTape() as tape:
            tape.watch(before)
            h = step.activation(before)
        slopes.append(tape.gradient(h, before))
    return slopes


@tf.custom_gradient
def _quadratic_form(rows: Any, gram: Any) -> Any:
    """Compute `sum_r row_r^T G row_r` for each example and a symmetric `G`. The gradient reuses `row G`.

    Args:
        rows: Rows of the Jacobian, `(batch, ..., width)`.
        gram: Symmetric matrix `G`, `(width, width)`.

    Returns:
        A tensor of shape `(batch,)`.
    """
    width = gram.shape[-1]
    flat = tf.reshape(rows, (-1, width))
    product = tf.matmul(flat, gram)
    per_row = tf.reduce_sum(flat * product, axis=-1)
    value = tf.reduce_sum(tf.reshape(per_row, (tf.shape(rows)[0], -1)), axis=-1)

    def gradient(upstream: Any) -> tuple[Any, Any]:
        repeats = math.prod(rows.shape[1:-1])
        scale = tf.repeat(upstream, repeats)[:, None] if repeats > 1 else upstream[:, None]
        scaled = flat * scale
        for_rows = tf.reshape(2.0 * product * scale, tf.shape(rows))
        return for_rows, tf.matmul(scaled, flat, transpose_a=True)

    return value, gradient


def exact_norm(encode: Callable[[Any], Any], x: Any, latent_dim: int, *, in_turn: bool = False) -> Any:
    """Compute the exact squared norm with one backward pass per number of the code.

    The examples of a batch must not depend on each other in the encoder.

    Args:
        encode: Function from `x` to codes, `(batch, latent_dim)`.
        x: Floating-point examples, `(batch, ...)`.
        latent_dim: Code size.
        in_turn: Whether the passes take turns, with the memory of one of them. The gradient of the norm would
            need the memory of all. Defaults to False: one batch of all of them, which is faster.

    Returns:
        A float32 tensor of shape `(batch,)`.
    """
    if in_turn:

        def with_next(unit: Any, norms: Any) -> tuple[Any, Any]:
            directions = tf.one_hot(tf.fill(tf.shape(x)[:1], unit), latent_dim)
            return unit + 1, norms + _pulled_back(encode, x, directions)

        start = tf.constant(0), tf.zeros(tf.shape(x)[:1])
        return tf.while_loop(
            lambda unit, _: unit < latent_dim,
            with_next,
            start,
            shape_invariants=(tf.TensorShape([]), x.shape[:1]),
        )[1]
    repeated = tf.repeat(x, latent_dim, axis=0)
    units = tf.tile(tf.eye(latent_dim), [tf.shape(x)[0], 1])
    norms = _pulled_back(encode, repeated, units)
    return tf.reduce_sum(tf.reshape(norms, (-1, latent_dim)), axis=-1)


def estimated_norm(encode: Callable[[Any], Any], x: Any, latent_dim: int, probes: int, seed: Any) -> Any:
    """Estimate the squared norm without bias: the mean of `|v^T J|^2` over random sign vectors `v`.

    Args:
        encode: Function from `x` to codes, `(batch, latent_dim)`.
        x: Floating-point examples, `(batch, ...)`.
        latent_dim: Code size.
        probes: Number of sign vectors, each of which costs one backward pass.
        seed: Two int32 that fix the signs.

    Returns:
        A float32 tensor of shape `(batch,)`.

    Reference: Hutchinson 1990, *Communications in Statistics*.
    """
    repeated = tf.repeat(x, probes, axis=0) if probes > 1 else x
    draws = tf.random.stateless_uniform((tf.shape(repeated)[0], latent_dim), seed, alg="philox")
    signs = tf.where(draws < 0.5, -1.0, 1.0)
    norms = _pulled_back(encode, repeated, signs)
    return tf.reduce_mean(tf.reshape(norms, (-1, probes)), axis=-1)


def _pulled_back(encode: Callable[[Any], Any], x: Any, directions: Any) -> Any:
    """Return `|v^T J|^2` for one direction `v` per example, `(batch,)`."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        codes = tf.cast(encode(x), tf.float32)
        projected = tf.reduce_sum(codes * directions)
    pulled = tf.cast(tape.gradient(projected, x), tf.float32)
    return tf.reduce_sum(tf.square(tf.reshape(pulled, (tf.shape(x)[0], -1))), axis=-1)
