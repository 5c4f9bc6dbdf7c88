"""The Kullback-Leibler sparsity penalty on a code."""

from typing import Any

import keras
from keras import ops

from kerasae.penalties._base import Penalty


@keras.saving.register_keras_serializable(package="kerasae")
class KLSparsity(Penalty):
    """`weight * sum_j KL(rho || rho_hat_j)`, between two coins, in nats.

    `rho_hat_j` is the mean activation of unit `j` over a collection of samples: the batch, or with
    `momentum` an exponential average over batches, which a small batch needs. It is a statement
    about the collection, so it is not divided by the batch size. Activations must lie in [0, 1].

    The mean alone is bound: units that all hover near `rho` satisfy the term without being sparse.

    Args:
        weight: of the term.
        rho: the mean activation wanted, in (0, 1).
        momentum: how much of the average is kept from earlier batches, in [0, 1); 0 uses the batch.

    Reference: Lee, Ekanadham, Ng 2008, NIPS; Ng 2011, CS294A lecture notes, section 3.
    """

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
            initializer=keras.initializers.Constant(self.rho),
            trainable=False,
            # Each replica moves it by its own share of the batch.
            aggregation="mean",
            name="average_activation",
        )
        super().build(input_shape)

    def call(self, inputs: Any, sample_weight: Any = None) -> Any:
        mean = self._mean(inputs, sample_weight)
        self.add_loss(self.weight * self.measure(mean))
        return inputs

    def measure(self, inputs: Any) -> Any:
        """`sum_j KL(rho || rho_hat_j)` from mean activations `(latent_dim,)`: a scalar."""
        mean = self.momentum * ops.cast(self.average, "float32") + (1 - self.momentum) * inputs
        mean = ops.clip(mean, 1e-6, 1 - 1e-6)
        return ops.sum(
            self.rho * ops.log(self.rho / mean) + (1 - self.rho) * ops.log((1 - self.rho) / (1 - mean))
        )

    def update(self, codes: Any, sample_weight: Any = None) -> None:
        if not self.momentum:
            return
        mean = self._mean(codes, sample_weight)
        self.average.assign(self.momentum * self.average + (1 - self.momentum) * mean)

    def _mean(self, codes: Any, sample_weight: Any) -> Any:
        codes = ops.cast(codes, "float32")
        if sample_weight is None:
            return ops.mean(codes, axis=0)
        weights = ops.reshape(ops.cast(sample_weight, "float32"), (-1, 1))
        return ops.sum(codes * weights, axis=0) / ops.maximum(ops.sum(weights), 1e-12)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rho": self.rho, "momentum": self.momentum}
