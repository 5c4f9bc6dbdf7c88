"""The Kullback-Leibler divergence of a diagonal Gaussian from the standard one."""

from typing import Any

import keras
from keras import ops

from kerasae.penalties._base import Penalty, average


@keras.saving.register_keras_serializable(package="kerasae")
class GaussianKL(Penalty):
    """`beta * KL(N(mean, exp(log_var)) || N(0, I))`, in nats per example.

    `KL = 1/2 sum_j (mean_j^2 + exp(log_var_j) - 1 - log_var_j)`.

    Args:
        weight: Factor `beta` of the term, at least 0. Defaults to 1.
        free_bits: Divergence of each dimension that costs nothing, in nats, on average over a batch. A
            dimension below it is not pushed further down. Defaults to 0.
        warmup_steps: Number of training steps in which the weight grows linearly from 0 to its full value.
            Outside training the full weight always applies, so that early and late validation losses are
            comparable. Defaults to 0, no warm-up.

    Call arguments:
        inputs: Pair `mean`, `log_var`, each of shape `(batch, latent_dim)`.
        sample_weight: Weights of the examples, `(batch,)`. Defaults to `None`, equal weights.
        training: Whether the warm-up applies. Defaults to False.

    Reference: Kingma and Welling 2014, ICLR, appendix B; Higgins et al. 2017, ICLR (beta); Kingma
    et al. 2016, NIPS, appendix C.8 (free bits); Bowman et al. 2016, CoNLL (warm-up).
    """

    def __init__(
        self,
        weight: float = 1.0,
        *,
        free_bits: float = 0.0,
        warmup_steps: int = 0,
        name: str = "kl",
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, name=name, **kwargs)
        if isinstance(free_bits, bool) or not free_bits >= 0:
            raise ValueError(f"`free_bits` must be non-negative, received {free_bits!r}.")
        if not isinstance(warmup_steps, int) or isinstance(warmup_steps, bool) or warmup_steps < 0:
            raise ValueError(f"`warmup_steps` must be a non-negative integer, received {warmup_steps!r}.")
        self.free_bits = free_bits
        self.warmup_steps = warmup_steps

    def build(self, input_shape: Any) -> None:
        self.step = self.add_weight(
            shape=(),
            dtype="int32",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
            name="step",
        )
        super().build(input_shape)

    def measure(self, inputs: Any) -> Any:
        return ops.sum(self.per_dimension(*inputs), axis=-1)

    def per_dimension(self, mean: Any, log_var: Any) -> Any:
        """Return the divergence of each dimension, `(batch, latent_dim)`, in nats."""
        mean, log_var = ops.cast(mean, "float32"), ops.cast(log_var, "float32")
        return 0.5 * (ops.square(mean) + ops.expm1(log_var) - log_var)

    def call(self, inputs: Any, sample_weight: Any = None, training: bool = False) -> Any:
        if self.free_bits:
            per_dimension = self.per_dimension(*inputs)
            weights = ops.ones_like(per_dimension[:, :1])
            if sample_weight is not None:
                weights = ops.reshape(ops.cast(sample_weight, per_dimension.dtype), (-1, 1))
            # `free_bits` applies to the weighted average of the rows; the sum is then weighted like a loss.
            average_kl = ops.sum(per_dimension * weights, axis=0) / ops.maximum(ops.sum(weights), 1e-12)
            measured = ops.sum(ops.maximum(average_kl, self.free_bits)) * average(weights)
        else:
            measured = average(self.measure(inputs), sample_weight)
        weight = self.weight * self.share() if training else self.weight
        self.add_loss(weight * measured)
        return inputs

    def share(self) -> Any:
        """Return the share of the full weight that the warm-up has reached, in [0, 1]."""
        if self.warmup_steps == 0:
            return 1.0
        return ops.minimum(1.0, ops.cast(self.step, "float32") / self.warmup_steps)

    def update(self, codes: Any, sample_weight: Any = None) -> None:
        self.step.assign_add(1)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "free_bits": self.free_bits,
            "warmup_steps": self.warmup_steps,
        }
