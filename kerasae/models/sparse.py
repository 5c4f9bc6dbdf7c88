"""The sparse autoencoder."""

from typing import Any, ClassVar, Literal

import keras
from keras import ops

from kerasae.layers import TopK
from kerasae.models._activity import ActiveFraction, DeadFraction
from kerasae.models._deterministic import DeterministicAutoencoder
from kerasae.penalties.kl_sparsity import KLSparsity
from kerasae.penalties.l1 import L1


@keras.saving.register_keras_serializable(package="kerasae")
class SparseAutoencoder(DeterministicAutoencoder):
    """`min |x - decode(h)|^2 + weight * sum_j |h_j|`, or with KL(rho || rho_hat), or `h = top_k`.

    Few units of the code speak for each example, which lets the code be larger than the input.
    Three ways: `"l1"` pulls activations towards 0; `"kl"` holds the mean activation of each unit
    at `rho` and needs a code in [0, 1]; `k` keeps the k largest of each code, exactly, and needs no
    penalty.

    L1 alone could be escaped by a small code and a steep decoder: the decoder is therefore held to
    kernels of spectral norm at most 1, unless its weights are tied to the encoder's. The log shows
    `active`, the mean fraction of units with `|h| > active_threshold`, and `dead`, the fraction
    that was active on no example of the epoch.

    Args:
        encoder: from `x`, `(batch, ...)`, to features, `(batch, features)`.
        decoder: from codes, `(batch, latent_dim)`, to `(batch, ...)`.
        penalty: `"l1"` or `"kl"`. Defaults to none beside `k`, and to `"l1"` without.
        weight: of the penalty; `None` takes the penalty's default.
        rho: mean activation wanted by `"kl"`, in (0, 1).
        momentum: of the average activation over batches for `"kl"`, in [0, 1).
        k: how many numbers of each code stay, or `None` for all.
        code_activation: activation of the code; `None` takes `sigmoid` for `"kl"`, otherwise
            `linear`. With `"l1"`, `relu` gives exact zeros, and dead units in a small code.
        active_threshold: above it a unit counts as active, in units of the code.
        **kwargs: `reconstruction_loss`, `corruption`, `contraction`, `preprocessor`, and those of
            `keras.Model`.

    Call arguments:
        inputs: `x`, `(batch, ...)`.

    Returns:
        The reconstruction, `(batch, ...)`.

    Raises:
        ValueError: for `"kl"` with an activation that is not bounded to [0, 1], at `build`.

    Example:
        >>> data = kerasae.load_data("digits")
        >>> model = kerasae.Recipe.of("sparse", latent_dim=32, model={"k": 8}).build(data)
        >>> model.fit(data.x("train"), epochs=2)

    Reference: Ng 2011, CS294A lecture notes; Makhzani and Frey 2013, *k-Sparse Autoencoders*.
    """

    fixed = ("code_penalty",)
    searched: ClassVar[dict[str, tuple[float, float]]] = {"weight": (1e-4, 1.0)}

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        penalty: Literal["l1", "kl"] | None = None,
        weight: float | None = None,
        rho: float = 0.1,
        momentum: float = 0.0,
        k: int | None = None,
        code_activation: str | None = None,
        active_threshold: float = 0.01,
        **kwargs: Any,
    ) -> None:
        chosen = code_activation or ("sigmoid" if penalty == "kl" else "linear")
        super().__init__(encoder, decoder, code_activation=chosen, **kwargs)
        if penalty not in ("l1", "kl", None):
            raise ValueError(f"`penalty` must be 'l1', 'kl' or None, received {penalty!r}.")
        if not active_threshold >= 0:
            raise ValueError(f"`active_threshold` must be non-negative, received {active_threshold!r}.")
        self.penalty = penalty
        self.weight = weight
        self.rho = rho
        self.momentum = momentum
        self.k = k
        self.active_threshold = active_threshold
        given: dict[str, Any] = {} if weight is None else {"weight": weight}
        if penalty == "l1" or (penalty is None and k is None):
            self.code_penalty = L1(**given)
        elif penalty == "kl":
            self.code_penalty = KLSparsity(rho=rho, momentum=momentum, **given)
        self.top_k = None if k is None else TopK(k)
        self.active = ActiveFraction(name="active")
        self.dead = DeadFraction(self.latent_dim, name="dead")

    def head_layers(self) -> list[keras.layers.Layer]:
        return [self.to_code] if self.top_k is None else [self.to_code, self.top_k]

    def encode(self, x: Any, training: bool = False) -> Any:
        h = super().encode(x, training=training)
        # By `call`, so that a plain encoder records Keras's operations; see `_plain.py`.
        return h if self.top_k is None else self.top_k.call(h)

    def observe(self, x: Any, sample_weight: Any) -> None:
        active = ops.cast(ops.abs(self.encode(x)) > self.active_threshold, "float32")
        self.active.update_state(active)
        self.dead.update_state(active)
