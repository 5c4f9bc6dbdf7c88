"""The maximum mean discrepancy between codes and the standard normal distribution."""

from typing import Any

import keras
from keras import ops

from kerasae.penalties import Penalty, average


@keras.saving.register_keras_serializable(package="strangers")
class Discrepancy(Penalty):
    """`weight * (E k(h, h') - 2 E k(h, z) + E k(z, z'))` with `z ~ N(0, I)`.

    The kernel is `k(a, b) = exp(-|a - b|^2 / 2 d)` for codes of d numbers. Its means over the normal
    distribution have a closed form, so no sample is drawn.

    Args:
        weight: Factor of the term, at least 0. Defaults to 1.

    Reference: Gretton et al. 2012, *JMLR* 13; Tolstikhin et al. 2018, ICLR.
    """

    def __init__(self, weight: float = 1.0, *, name: str = "discrepancy", **kwargs: Any) -> None:
        super().__init__(weight, name=name, **kwargs)

    def call(self, inputs: Any, sample_weight: Any = None, training: bool = False) -> Any:
        codes = ops.cast(inputs, "float32")
        self.add_loss(self.weight * average(self.measure(codes, sample_weight), sample_weight))
        return inputs

    def measure(self, inputs: Any, sample_weight: Any = None) -> Any:
        """Return the unweighted term of each example, `(batch,)`; rows with weight 0 are no neighbours."""
        weights = ops.ones_like(inputs[:, 0]) if sample_weight is None else ops.cast(sample_weight, "float32")
        size = float(inputs.shape[-1])
        squares = ops.sum(ops.square(inputs), axis=-1)
        distances = squares[:, None] + squares[None] - 2 * ops.matmul(inputs, ops.transpose(inputs))
        kernel = ops.exp(-ops.maximum(distances, 0.0) / (2 * size))
        among_codes = ops.sum(kernel * weights, axis=-1) / ops.maximum(ops.sum(weights), 1e-12)
        to_prior = (size / (size + 1)) ** (size / 2) * ops.exp(-squares / (2 * (size + 1)))
        return among_codes - 2 * to_prior + (size / (size + 2)) ** (size / 2)
