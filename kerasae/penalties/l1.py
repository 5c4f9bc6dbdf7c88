"""The L1 penalty on a code."""

from typing import Any

import keras
from keras import ops

from kerasae.penalties._base import Penalty


@keras.saving.register_keras_serializable(package="kerasae")
class L1(Penalty):
    """`weight * mean over examples of sum_j |h_j|`.

    Args:
        weight: Factor of the term, at least 0, in units of the loss per unit of the code. Defaults to 0.003.

    Reference: Goodfellow, Bengio, Courville 2016, *Deep Learning*, section 14.2.1.
    """

    escapable = True

    def __init__(self, weight: float = 3e-3, *, name: str = "sparsity", **kwargs: Any) -> None:
        super().__init__(weight, name=name, **kwargs)

    def measure(self, inputs: Any) -> Any:
        return ops.sum(ops.abs(inputs), axis=-1)
