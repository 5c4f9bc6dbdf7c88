"""Binarization: grey levels are the probabilities of black and white pixels."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from kerasae.preprocessing.rescaling import Rescaling
from kerasae.spec import Spec


@keras.saving.register_keras_serializable(package="kerasae")
class Binarization(Rescaling):
    """`x_j ~ Bernoulli((raw_j - low) / (high - low))`, drawn anew for each batch of the training.

    A grey level is the probability of 1. In training and validation, and in `VariationalAutoencoder.nll` and
    `elbo`, each number is drawn as 0 or 1; so `-log p(x)` is that of binary data, in nats. Everywhere else,
    in `encode` and in artifacts for example, the model receives the probability itself, and the answer is
    always the same.

    Use it with the loss `bernoulli`, whose likelihood is exact for 0 and 1. The range of the raw values must
    be that of the training split or wider; values outside are drawn as if at its ends.

    Args:
        spec: Description of one raw example.
        low: Raw value that is never 1. Defaults to `None`, for the value of the spec or the one that `fit`
            finds.
        high: Raw value that is always 1. Defaults to `None`, for the value of the spec or the one that `fit`
            finds.

    Raises:
        ValueError: If the data hold only one value, if `low` is not below `high`, or if `dequantize`
            is set.

    Reference: Salakhutdinov and Murray 2008, ICML (MNIST, binarised at each draw); Burda, Grosse,
    Salakhutdinov 2016, ICLR, section 5.
    """

    def __init__(
        self,
        spec: Spec | dict[str, Any],
        *,
        low: float | None = None,
        high: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(spec, low=low, high=high, **kwargs)
        if self.dequantize:
            raise ValueError("`dequantize` must be False for pixels that are drawn as 0 or 1, received True.")
        self.resampled = 1.0
        self.draws = "binarised"

    def drawn(self, x: Any, seed: Any) -> Any:
        return ops.cast(tf.random.stateless_uniform(tf.shape(x), seed) < x, x.dtype)
