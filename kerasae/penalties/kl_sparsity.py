"""The Kullback-Leibler sparsity penalty on a code."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from kerasae.penalties._base import Penalty, unless_empty


@keras.saving.register_keras_serializable(package="kerasae")
class KLSparsity(Penalty):
    """`weight * sum_j KL(rho || rho_hat_j)` between two Bernoulli distributions, in nats.

    `rho_hat_j` is the mean activation of unit `j` over a collection of samples. The collection is the batch
    or, with `momentum`, an exponential average over training batches, which small batches need. The term
    describes the collection, so it is not divided by the batch size. Activations must lie in [0, 1].

    With `momentum` the value of the term comes from the average, and its gradient flows through the batch as
    if the batch had this average as its mean. The gradient therefore does not shrink with `momentum`. In
    the first steps the average is the plain mean of the batches so far. Outside training `rho_hat_j` is the
    mean of the batch, so that a validation measures the current codes and not those of earlier steps.

    The term constrains only the mean: if all activations stay near `rho`, they satisfy it without being
    sparse.

    Args:
        weight: Factor of the term, at least 0. Defaults to 0.1.
        rho: Target mean activation, in (0, 1). Defaults to 0.1.
        momentum: Share of the average that is kept from earlier batches, in [0, 1). Defaults to 0, the
            batch alone.

    Call arguments:
        inputs: Codes in [0, 1], `(batch, latent_dim)`.
        sample_weight: Weights of the examples, `(batch,)`, with which `rho_hat_j` is a weighted mean.
            Defaults to `None`, equal weights.
        training: Whether earlier batches count. Defaults to False.

    Reference: Ng 2011, CS294A lecture notes, section 3; Lee, Ekanadham, Ng 2008, NIPS, for a target of the
    mean activation, by the square of the difference.
    """

    needs_unit_interval = True

    def __init__(
        self,
        weight: float = 0.1,
        rho: float = 0.1,
        *,
        momentum: float = 0.0,
        name: str = "sparsity",
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, name=name, **kwargs)
        if not 0 < rho < 1:
            raise ValueError(f"`rho` must be in (0, 1), received {rho!r}.")
        if not 0 <= momentum < 1:
            raise ValueError(f"`momentum` must be in [0, 1), received {momentum!r}.")
        self.rho = rho
        self.momentum = momentum

    def build(self, input_shape: Any) -> None:
        self.average = self.add_weight(
            shape=(input_shape[-1],),
            initializer="zeros",
            trainable=False,
            # Each replica updates it with its own part of the batch.
            aggregation="mean",
            name="average_activation",
        )
        if self.momentum:
            self.batches = self.add_weight(
                shape=(),
                dtype="int32",
                initializer="zeros",
                trainable=False,
                aggregation="only_first_replica",
                name="batches",
            )
        super().build(input_shape)

    def call(self, inputs: Any, sample_weight: Any = None, training: bool = False) -> Any:
        mean = self._mean(inputs, sample_weight)
        if training and self.momentum:
            mean = mean + tf.stop_gradient(self._moved(mean) - mean)
        self.add_loss(self.weight * unless_empty(self.measure(mean), inputs))
        return inputs

    def measure(self, inputs: Any) -> Any:
        """Return the scalar `sum_j KL(rho || rho_hat_j)` for mean activations `(latent_dim,)`."""
        mean = ops.clip(inputs, 1e-6, 1 - 1e-6)
        return ops.sum(
            self.rho * ops.log(self.rho / mean) + (1 - self.rho) * ops.log((1 - self.rho) / (1 - mean))
        )

    def update(self, codes: Any, sample_weight: Any = None) -> None:
        if not self.momentum:
            return
        moved = self._moved(self._mean(codes, sample_weight))
        self.average.assign(unless_empty(moved, codes, self.average))
        self.batches.assign_add(1)

    def _moved(self, mean: Any) -> Any:
        """Return the average with one more batch included, `(latent_dim,)`."""
        before = ops.cast(self.batches, "float32")
        kept = ops.minimum(self.momentum, before / (before + 1))
        return kept * ops.cast(self.average, "float32") + (1 - kept) * mean

    def _mean(self, codes: Any, sample_weight: Any) -> Any:
        codes = ops.cast(codes, "float32")
        if sample_weight is None:
            return ops.mean(codes, axis=0)
        weights = ops.reshape(ops.cast(sample_weight, "float32"), (-1, 1))
        return ops.sum(codes * weights, axis=0) / ops.maximum(ops.sum(weights), 1e-12)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rho": self.rho, "momentum": self.momentum}
