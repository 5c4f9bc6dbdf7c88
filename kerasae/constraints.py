"""SpectralNorm: a bound on how much a kernel can stretch its input."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerasae")
class SpectralNorm(keras.constraints.Constraint):
    """Scales a kernel down so that its largest singular value is at most `bound`.

    A decoder whose every kernel obeys it, with activations of slope at most 1, stretches no
    distance by more than `bound` to the number of its layers; so the codes must be spread as widely
    as the reconstructions, and a penalty cannot be escaped by scaling the code down.

    Args:
        bound: the largest singular value allowed.
        iterations: power iterations on each call.

    Reference: Miyato et al. 2018, ICLR (power iteration).
    """

    def __init__(self, bound: float = 1.0, iterations: int = 5) -> None:
        if not bound > 0:
            raise ValueError(f"`bound` must be positive, received {bound!r}.")
        self.bound = bound
        self.iterations = iterations

    def __call__(self, w: Any) -> Any:
        matrix = ops.reshape(w, (-1, w.shape[-1]))
        # A start that is the same at every call and orthogonal to nothing in particular.
        right = ops.cos(1.7 * ops.arange(matrix.shape[1], dtype=w.dtype))[:, None]
        for _ in range(self.iterations):
            left = ops.matmul(matrix, right / (ops.norm(right) + 1e-12))
            right = ops.matmul(ops.transpose(matrix), left)
        # |A^T A v| / |A v| for a unit v: from below, and at the singular value in the limit.
        largest = ops.norm(right) / (ops.norm(left) + 1e-12)
        return w * ops.minimum(1.0, self.bound / (largest + 1e-12))

    def get_config(self) -> dict[str, Any]:
        return {"bound": self.bound, "iterations": self.iterations}
