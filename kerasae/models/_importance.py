"""Importance-weighted bound of a variational model."""

import math
from typing import Any

import keras
from keras import ops

from kerasae.penalties import Penalty


@keras.saving.register_keras_serializable(package="kerasae")
class Tightening(Penalty):
    """Gain of an importance-weighted bound over the ELBO, as a term of the loss.

    The term is at most 0 in expectation.

    Args:
        weight: Factor of the term, at least 0. Defaults to 1.

    Call arguments:
        inputs: Gain of each example, `(batch,)`, in nats.
    """

    def __init__(self, weight: float = 1.0, *, name: str = "tightening", **kwargs: Any) -> None:
        super().__init__(weight, name=name, **kwargs)

    def measure(self, inputs: Any) -> Any:
        return inputs


def importance_weighted_objective(
    model: Any, x: Any, target: Any, sample_weight: Any, *, training: bool, seed: Any
) -> tuple[Any, Any]:
    """Compute `-log 1/k sum_i p(x|z_i) (p(z_i) / q(z_i|x))^beta` as a sum of named terms.

    The terms are the two terms of the ELBO and the tightening. They add up to the bound, and so do their
    gradients. The encoder runs once for all draws. A validation uses the same bound with the full `beta` and
    with draws of a fixed seed.

    Returns:
        The scalar loss, and the decoder's output for one draw of each example.

    Reference: Burda, Grosse, Salakhutdinov 2016, ICLR, equation 8.
    """
    k = model.importance_samples
    clean = x if target is None else target
    noisy = model.corrupt(x, training, seed, target is None)
    mean, log_var = model.posterior(noisy, training=training)
    mean = model.penalise(mean, sample_weight, training)
    mean, log_var = model.kl((mean, log_var), sample_weight=sample_weight, training=training)
    means, log_vars = ops.repeat(mean, k, axis=0), ops.repeat(log_var, k, axis=0)
    z = model.sampling((means, log_vars), training=training, seed=seed)
    params = model.decoder(z, training=training)
    nll = model.reconstruction_loss.call(ops.repeat(clean, k, axis=0), params)
    # This is log q(z|x) - log p(z). The factors 2 pi of the two densities cancel.
    spread = ops.square(z - means) * ops.exp(-log_vars)
    divergence = 0.5 * ops.sum(ops.square(z) - spread - log_vars, axis=-1)
    beta = model.kl.weight * (model.kl.share() if training else 1.0)
    nll, divergence = ops.reshape(nll, (-1, k)), ops.reshape(divergence, (-1, k))
    bound = math.log(k) - ops.logsumexp(-nll - beta * divergence, axis=-1)
    model.tightening(
        bound - ops.mean(nll, axis=-1) - beta * model.kl.measure((mean, log_var)),
        sample_weight=sample_weight,
    )
    weights = None if sample_weight is None else ops.repeat(sample_weight, k, axis=0)
    repeated = ops.repeat(clean, k, axis=0)
    loss = model.compute_loss(repeated, repeated, params, weights, training=training)
    return loss, params[::k]
