"""SpectralNorm: a bound on how much a kernel can stretch its input."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerasae")
class SpectralNorm(keras.constraints.Constraint):
    """Scales a kernel down so that its largest singular value is at most `bound`.

    A decoder of dense layers whose every kernel obeys it, with activations of slope at most 1,
    stretches no distance by more than `bound` to the number of its layers; so the codes must be
    spread as widely as the reconstructions, and a penalty cannot be escaped by scaling the code
    down. For a convolution the kernel is taken as a matrix to its channels, which bounds the
    stretch up to the root of the kernel's area.

    The largest singular value is bounded from above by a Schatten norm, found by squaring the Gram
    matrix: a power iteration would come from below and let the bound be broken. A kernel of rank r
    is held at most `r ** (1 / 2 ** (squarings + 1))` below the bound, 1.09 for r = 256.

    Args:
        bound: the largest singular value allowed.
        squarings: of the Gram matrix, at least 1; each doubles the order of the norm.

    Reference: Miyato et al. 2018, ICLR, for the constraint.
    """

    def __init__(self, bound: float = 1.0, squarings: int = 5) -> None:
        if not bound > 0:
            raise ValueError(f"`bound` must be positive, received {bound!r}.")
        if not isinstance(squarings, int) or isinstance(squarings, bool) or squarings < 1:
            raise ValueError(f"`squarings` must be a positive integer, received {squarings!r}.")
        self.bound = bound
        self.squarings = squarings

    def __call__(self, w: Any) -> Any:
        matrix = ops.reshape(w, (-1, w.shape[-1]))
        if matrix.shape[0] > matrix.shape[1]:
            matrix = ops.transpose(matrix)
        gram = ops.matmul(matrix, ops.transpose(matrix))
        # log of |G^(2^n)|_F / 2^n, the norms taken out on the way so that nothing overflows.
        log_norm, power = 0.0, 1.0
        for _ in range(self.squarings):
            size = ops.sqrt(ops.sum(ops.square(gram))) + 1e-30
            log_norm = log_norm + ops.log(size) / power
            gram = ops.matmul(gram / size, gram / size)
            power *= 2
        log_norm = log_norm + ops.log(ops.sqrt(ops.sum(ops.square(gram))) + 1e-30) / power
        return w * ops.minimum(1.0, self.bound / ops.exp(0.5 * log_norm))

    def get_config(self) -> dict[str, Any]:
        return {"bound": self.bound, "squarings": self.squarings}
