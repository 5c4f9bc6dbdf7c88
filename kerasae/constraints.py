"""SpectralNorm: constraint that bounds how much a kernel can stretch its input."""

from typing import Any

import keras
from keras import ops

from kerasae.arguments import check_positive_integer


@keras.saving.register_keras_serializable(package="kerasae")
class SpectralNorm(keras.constraints.Constraint):
    """Scales a kernel down so that its largest singular value is at most `bound`.

    Consider a decoder of dense layers in which every kernel has this constraint and every activation has a
    slope of at most 1. It stretches no distance by more than `bound` to the power of its number of layers.
    Codes must then be spread as widely as reconstructions, and a model cannot escape a penalty by scaling the
    code down. The kernel of a convolution is reshaped to a matrix with its channels as columns, which bounds
    the stretch up to the square root of the kernel's area.

    The largest singular value is estimated from above by a Schatten norm, which is computed by squaring the
    Gram matrix. A power iteration would estimate it from below, and the bound could be exceeded. A kernel of
    rank r ends up below the bound by at most the factor `r ** (1 / 2 ** (squarings + 2))`, 1.04 for r = 256.

    Args:
        bound: Largest allowed singular value. Defaults to 1.
        squarings: Number of squarings of the Gram matrix, at least 1. Each doubles the order of the norm.
            Defaults to 5.

    Reference: Miyato et al. 2018, ICLR, for the constraint.
    """

    def __init__(self, bound: float = 1.0, squarings: int = 5) -> None:
        if not bound > 0:
            raise ValueError(f"`bound` must be positive, received {bound!r}.")
        check_positive_integer("squarings", squarings)
        self.bound = bound
        self.squarings = squarings

    def __call__(self, w: Any) -> Any:
        matrix = ops.reshape(w, (-1, w.shape[-1]))
        if matrix.shape[0] > matrix.shape[1]:
            matrix = ops.transpose(matrix)
        gram = ops.matmul(matrix, ops.transpose(matrix))
        # log |G^(2^n)|_F / 2^n. Each step divides by the norm, so that nothing overflows.
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
