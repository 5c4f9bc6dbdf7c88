"""The variational autoencoder."""

import math
from typing import Any, ClassVar, Literal

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from kerasae.arguments import check_positive_integer
from kerasae.layers import Sampling
from kerasae.models._code_layers import code_layer, flattening, through
from kerasae.models._generative import WithPosterior, WithPrior
from kerasae.models._importance import Tightening, importance_weighted_objective
from kerasae.penalties.gaussian_kl import GaussianKL
from kerasae.preprocessing import slices
from kerasae.seeds import derived

#: Last number of the path to the seed of the noise of `x`. The paths to the draws of codes are shorter, and a
#: shorter path stands for one that ends in zeros.
_NOISE_OF_X = 1


@keras.saving.register_keras_serializable(package="kerasae")
class VariationalAutoencoder(WithPrior, WithPosterior):
    """`min E_q(z|x)[-log p(x|z)] + beta * KL(q(z|x) || N(0, I))`, the negative ELBO for `beta = 1`.

    The posterior `q` is a diagonal Gaussian whose mean is the code. `encode` returns this mean, so two calls
    agree to the bit; `sample_posterior` draws from `q` with a seed. With `importance_samples=k` the bound is
    that of Burda et al. The log then shows its gain over the ELBO as `tightening`, so that the terms still
    add up.

    Args:
        encoder: Model from `x`, `(batch, ...)`, to features, `(batch, features)`.
        decoder: Model from codes, `(batch, latent_dim)`, to the parameters of the likelihood,
            `(batch, ...)`.
        beta: Weight of the KL term, at least 0. Defaults to 1.
        warmup_steps: Number of training steps in which `beta` grows linearly from 0 to its full value.
            Validation always uses the full value. Defaults to 0, no warm-up.
        free_bits: Divergence of each dimension that costs nothing, in nats, on average over a batch.
            Defaults to 0.
        importance_samples: Number of draws per example in training and validation. Defaults to 1, the ELBO.
        **kwargs: Further arguments: `reconstruction_loss`, `corruption`, `code_penalty`, `contraction`,
            `preprocessor`, `trim`, and those of `keras.Model`. The penalties apply to the mean.

    Call arguments:
        inputs: `x` of shape `(batch, ...)`.

    Returns:
        The parameters of the likelihood, `(batch, ...)`.

    Raises:
        ValueError: If a number is out of range, or `importance_samples` is combined with `free_bits` or
            `trim`.

    Example:
        >>> data = kerasae.load_data("digits")
        >>> model = kerasae.Recipe.of("variational", latent_dim=8).build(data)
        >>> model.fit(data.x("train"), epochs=2)
        >>> model.sample(16, seed=0).shape
        (16, 8, 8, 1)

    Reference: Kingma and Welling 2014, ICLR; Rezende, Mohamed, Wierstra 2014, ICML; Burda, Grosse,
    Salakhutdinov 2016, ICLR.
    """

    default_loss = "gaussian"
    searched: ClassVar[dict[str, tuple[float, float]]] = {"beta": (0.1, 10.0)}

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        beta: float = 1.0,
        warmup_steps: int = 0,
        free_bits: float = 0.0,
        importance_samples: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        if isinstance(beta, bool) or not isinstance(beta, int | float) or not beta >= 0:
            raise ValueError(f"`beta` must be non-negative, received {beta!r}.")
        check_positive_integer("importance_samples", importance_samples)
        if importance_samples > 1 and free_bits:
            raise ValueError(
                "`free_bits` need the analytic KL, which an importance-weighted bound does not have, "
                f"received free_bits={free_bits} and importance_samples={importance_samples}; leave one out."
            )
        if importance_samples > 1 and self.trim:
            raise ValueError(
                "`trim` cannot be combined with an importance-weighted bound, received "
                f"trim={self.trim} and importance_samples={importance_samples}; leave one of them out."
            )
        self.beta = beta
        self.warmup_steps = warmup_steps
        self.free_bits = free_bits
        self.importance_samples = importance_samples
        self.to_mean = code_layer(encoder, decoder, self.latent_dim, dtype="float32", name="to_mean")
        # The log-variance starts near 0 for all features, because training does not recover from a large one.
        self.to_log_var = code_layer(
            encoder,
            decoder,
            self.latent_dim,
            kernel_initializer=keras.initializers.RandomNormal(stddev=1e-3),
            dtype="float32",
            name="to_log_var",
        )
        self.flattening: list[keras.layers.Layer] = flattening(encoder)
        self.kl = GaussianKL(beta, free_bits=free_bits, warmup_steps=warmup_steps)
        self.sampling = Sampling(dtype="float32")
        self.tightening = Tightening() if importance_samples > 1 else None
        self.kl_nats = keras.metrics.Mean(name="kl_nats")

    def build(self, input_shape: Any) -> None:
        features = self.encoder.compute_output_shape(input_shape)
        self.to_log_var.build(features)
        code = (None, self.latent_dim)
        self.kl.build([code, code])
        self.sampling.build([code, code])
        if self.tightening is not None:
            self.tightening.build((None,))
        super().build(input_shape)

    def head_layers(self) -> list[keras.layers.Layer]:
        return [self.to_mean, *self.flattening]

    def posterior(self, x: Any, training: bool = False) -> tuple[Any, Any]:
        """Return the mean and the log-variance of `q(z|x)`, each `(batch, latent_dim)`."""
        features = self.encoder(x, training=training)
        # Beyond these bounds a variance overflows, or a draw equals the mean to the bit.
        log_var = through([self.to_log_var, *self.flattening], features)
        return through(self.head_layers(), features), ops.clip(log_var, -20.0, 10.0)

    def encode(self, x: Any, training: bool = False) -> Any:
        return through(self.head_layers(), self.encoder(x, training=training))

    def describe(self, x: Any) -> dict[str, Any]:
        mean, log_var = self.posterior(x)
        return {"z": mean, "z_log_var": log_var}

    def draw_code(self, described: dict[str, Any], eps: Any) -> Any:
        return described["z"] + ops.exp(0.5 * described["z_log_var"]) * eps

    def call(
        self,
        inputs: Any,
        training: bool = False,
        seed: Any = None,
        sample_weight: Any = None,
        corrupt: bool = True,
    ) -> Any:
        x = self.corrupt(inputs, training, seed, corrupt)
        mean, log_var = self.posterior(x, training=training)
        mean = self.penalise(mean, sample_weight, training)
        mean, log_var = self.kl((mean, log_var), sample_weight=sample_weight, training=training)
        z = self.sampling((mean, log_var), training=training, seed=seed)
        return self.decoder(z, training=training)

    def objective(
        self, x: Any, target: Any, sample_weight: Any, *, training: bool, seed: Any = None
    ) -> tuple[Any, Any]:
        if self.importance_samples == 1:
            return super().objective(x, target, sample_weight, training=training, seed=seed)
        self._contract(x, sample_weight, seed, training)
        return importance_weighted_objective(self, x, target, sample_weight, training=training, seed=seed)

    @property
    def validation_rows(self) -> int:
        # Each row is decoded as often as there are draws.
        return max(1, super().validation_rows // self.importance_samples)

    def observe(self, x: Any, sample_weight: Any) -> None:
        kl = self.kl.measure(self.posterior(x))
        self.kl_nats.update_state(kl, sample_weight=sample_weight)

    # Measuring -----------------------------------------------------------------------

    def active_units(self, raw: np.ndarray, threshold: float = 0.01) -> int:
        """Count the dimensions whose posterior mean has a variance above `threshold` over raw examples.

        Reference: Burda et al. 2016, ICLR, section 5.2.
        """
        return int((self.transform(raw).var(axis=0) > threshold).sum())

    def unused_units(self, raw: Any) -> dict[str, int]:
        # The variance of a mean over fewer examples says little.
        return {"collapsed_units": self.latent_dim - self.active_units(raw)} if len(raw) >= 10 else {}

    def nll(
        self,
        raw: np.ndarray,
        samples: int = 1000,
        *,
        seed: int = 0,
        batch_size: int = 64,
        unit: Literal["x", "raw", "bits"] = "x",
    ) -> np.ndarray:
        """Estimate `-log p` of each example by importance sampling from the posterior.

        The estimate is `-log 1/k sum_i p(x|z_i) p(z_i) / q(z_i|x)` with `samples` draws per example. It is an
        upper bound that becomes tighter with more draws. Draws are made in parts, so that memory use is
        constant.

        By default the result is in nats of `x`, the scaled data, and depends on the scaling. For raw units a
        density is converted with the Jacobian of the scaling; Bernoulli and categorical parts are
        probabilities, which do not depend on units. Integers such as 8-bit images are taken as real numbers.
        Their bits per dimension therefore have no lower bound, and are not comparable with those of papers
        that add uniform noise. `Rescaling(dequantize=True)` adds this noise in training and here, one draw
        per example. The bits are then an upper bound on the code length of the integers.

        Args:
            raw: Raw examples, `(rows, ...)`.
            samples: Number of draws per example. Defaults to 1000.
            seed: Seed of the draws. Defaults to 0.
            batch_size: Number of examples in a batch. Defaults to 64.
            unit: Unit of the result. `"x"` is nats of `x`; `"raw"` is nats of raw units; `"bits"` is bits of
                raw units per number, without missing entries. Defaults to `"x"`.

        Returns:
            NumPy array of `-log p`, `(rows,)`.

        Raises:
            ValueError: If a number or the unit is out of range, or is raw or bits for texts or for
                a loss that is no likelihood.

        Reference: Burda et al. 2016, ICLR, equation 8; Theis, van den Oord, Bethge 2016, ICLR (bits per
        dimension and dequantisation).
        """
        if unit not in ("x", "raw", "bits"):
            raise ValueError(f"`unit` must be x, raw or bits, received {unit!r}.")
        if unit != "x" and self.spec.vocabulary:
            raise ValueError(f"`unit` must be x for texts, whose words have no unit, received {unit!r}.")
        loss = self.reconstruction_loss
        if unit != "x" and not loss.unit.startswith("nats"):
            raise ValueError(
                f"`unit` must be x for {type(loss).__name__}, which is the logarithm of no probability, "
                f"received {unit!r}; train with --loss gaussian or laplace."
            )
        check_positive_integer("samples", samples)
        part = min(samples, 100)
        weigh = tf.function(self._log_weights, autograph=False, reduce_retracing=True)
        results = []
        for number, rows in enumerate(slices(self._tensors(raw), batch_size)):
            x = self._drawn(self._to_x(rows), derived(seed, number, 0, _NOISE_OF_X))
            log_weights = [
                weigh(x, tf.constant(min(part, samples - done)), tf.constant(derived(seed, number, done)))
                for done in range(0, samples, part)
            ]
            log_sum = ops.logsumexp(ops.concatenate(log_weights, axis=0), axis=0)
            nats = ops.convert_to_numpy(math.log(samples) - log_sum)
            results.append(self._in_unit(nats, ops.convert_to_numpy(x), unit))
        return np.concatenate(results)

    def nll_unit(self, unit: Literal["x", "raw", "bits"]) -> str:
        """Return the unit of `nll` in words."""
        words = {
            "x": f"{self.reconstruction_loss.unit}, per example",
            "raw": "nats of raw units, per example",
            "bits": "bits of raw units, per number",
        }[unit]
        drawn = "" if self.preprocessor is None else self.preprocessor.draws
        return f"{words}, {drawn}" if drawn else words

    def _drawn(self, x: Any, seed: Any) -> Any:
        return x if self.preprocessor is None else self.preprocessor.drawn(x, tf.constant(seed))

    def _in_unit(self, nats: np.ndarray, x: np.ndarray, unit: str) -> np.ndarray:
        """Convert `-log p(x)` to raw units, or to bits per number."""
        if unit == "x":
            return nats
        if self.preprocessor is not None and self.reconstruction_loss.density:
            nats = nats + self.preprocessor.log_volume(x)
        if unit == "raw":
            return nats
        return nats / math.log(2) / (~np.isnan(x)).reshape(len(x), -1).sum(axis=1)

    def _log_weights(self, x: Any, samples: Any, seed: Any) -> Any:
        """Return `log p(x|z) p(z) / q(z|x)` for draws from `q`, `(samples, batch)`."""
        mean, log_var = self.posterior(x)
        eps = tf.random.stateless_normal((samples, *tf.unstack(tf.shape(mean))), seed)
        z = mean + ops.exp(0.5 * log_var) * eps
        params = self.decoder(ops.reshape(z, (-1, self.latent_dim)))
        repeated = ops.tile(x, (samples, *[1] * (len(x.shape) - 1)))
        nll = ops.reshape(self.reconstruction_loss.call(repeated, params), (samples, -1))
        # This is log p(z) - log q(z|x). The factors 2 pi of the two densities cancel.
        ratio = 0.5 * ops.sum(ops.square(eps) + log_var - ops.square(z), axis=-1)
        return ratio - nll

    def elbo(
        self, raw: np.ndarray, samples: int = 1, *, seed: int = 0, batch_size: int = 512
    ) -> dict[str, float]:
        """Estimate the evidence lower bound and its terms, in nats of `x`.

        Args:
            raw: Raw examples, `(rows, ...)`.
            samples: Number of draws per example. Defaults to 1.
            seed: Seed of the draws. Defaults to 0.
            batch_size: Number of rows in a batch. The draws of codes do not depend on it. Defaults to 512.

        Returns:
            A dict of `elbo`, `reconstruction` and `kl`, each a mean over the examples, where
            `elbo = -reconstruction - kl`. It uses `beta` 1, whatever the training used.

        Raises:
            ValueError: If `samples` is no positive integer.
        """
        check_positive_integer("samples", samples)
        nest = self._tensors(raw)
        rows = len(tf.nest.flatten(nest)[0])
        eps = [
            tf.random.stateless_normal((rows, self.latent_dim), tf.constant(derived(seed, number)))
            for number in range(samples)
        ]
        kl = reconstruction = 0.0
        for start, part in zip(range(0, rows, batch_size), slices(nest, batch_size), strict=True):
            x = self._drawn(self._to_x(part), derived(seed, start, 0, _NOISE_OF_X))
            mean, log_var = self.posterior(x)
            kl += float(ops.sum(self.kl.measure((mean, log_var))))
            for draw in eps:
                z = mean + ops.exp(0.5 * log_var) * draw[start : start + batch_size]
                reconstruction += float(ops.sum(self.reconstruction_loss.per_example(x, self.decoder(z))))
        kl, reconstruction = kl / rows, reconstruction / (samples * rows)
        return {"elbo": -reconstruction - kl, "reconstruction": reconstruction, "kl": kl}
