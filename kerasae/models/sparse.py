"""The sparse autoencoder."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import keras
import numpy as np
from keras import ops

from kerasae.layers import LifetimeSparsity, TopK
from kerasae.models._activity import ActiveFraction, DeadFraction
from kerasae.models._deterministic import DeterministicAutoencoder
from kerasae.penalties.kl_sparsity import KLSparsity
from kerasae.penalties.l1 import L1


@keras.saving.register_keras_serializable(package="kerasae")
class SparseAutoencoder(DeterministicAutoencoder):
    """`min |x - decode(h)|^2 + weight * sum_j |h_j|`, or with KL(rho || rho_hat), or `h = top_k`.

    Only few units of the code are active for each example, so the code may be larger than the input. There
    are four ways to sparsity: `"l1"` pulls activations towards 0; `"kl"` holds the mean activation of each
    unit over the examples at `rho` and needs a code in [0, 1], but a unit that is always at `rho` satisfies
    it too; `k` keeps exactly the k largest numbers of each code;
    `lifetime` keeps the largest numbers of each unit over a training batch (a winner-take-all autoencoder).
    The last two need no penalty.

    A small code and a steep decoder would escape the L1 penalty. If its weight is more than 0, the kernels of
    the decoder are therefore constrained to a spectral norm of at most 1, unless they are tied to those of
    the encoder. The log shows
    `active`, the mean fraction of units with `|h| > active_threshold`, and `dead`, the fraction of units
    that were active on no example of the epoch.

    Args:
        encoder: Model from `x`, `(batch, ...)`, to features, `(batch, features)`.
        decoder: Model from codes, `(batch, latent_dim)`, to `(batch, ...)`.
        penalty: Penalty on the code, `"l1"` or `"kl"`. Defaults to `None`: no penalty with `k`
            or `lifetime`, otherwise `"l1"`.
        weight: Weight of the penalty, for a model with one. Defaults to `None`, the default of the penalty:
            0.003 for `"l1"`, 0.1 for `"kl"`.
        rho: Target mean activation for `"kl"`, in (0, 1). Defaults to 0.1.
        momentum: Share of the average activation that `"kl"` keeps from earlier batches, in [0, 1).
            Defaults to 0, the batch alone.
        k: Number of entries of each code that are kept. Defaults to `None`, all.
        k_by: Part of a code in which `k` entries are kept: `"code"`, or for a code that is a map `"place"` or
            `"channel"`; see `TopK`. Defaults to `"code"`.
        lifetime: Share of the examples of a training batch on which each unit may be active, in (0, 1]; see
            `LifetimeSparsity`. Codes outside training do not depend on it. Defaults to `None`, all.
        code_activation: Activation of the code, a name in `keras.activations`. Defaults to `None`:
            `"sigmoid"` for `"kl"`, `"relu"` with `lifetime`, otherwise `"linear"`. With `"l1"`, `"relu"`
            gives exact zeros, but also dead units in a small code.
        active_threshold: Activation above which a unit counts as active, in units of the code. Defaults to
            0.01.
        **kwargs: Further arguments: `reconstruction_loss`, `corruption`, `contraction`, `preprocessor`,
            `trim`, and those of `keras.Model`.

    Call arguments:
        inputs: `x` of shape `(batch, ...)`.

    Returns:
        The reconstruction, `(batch, ...)`.

    Raises:
        ValueError: If a number needs another penalty, or a `k`, to have an effect. At `build`, if `"kl"` is
            used with an activation that is not bounded to [0, 1].

    Example:
        >>> data = kerasae.load_data("digits")
        >>> model = kerasae.Recipe.of("sparse", latent_dim=32, model={"k": 8}).build(data)
        >>> model.fit(data.x("train"), epochs=2)

    Reference: Goodfellow, Bengio, Courville 2016, *Deep Learning*, 14.2.1 (L1); Ng 2011, CS294A lecture notes
    (KL); Makhzani and Frey 2013, *k-Sparse Autoencoders*;
    Makhzani and Frey 2015, *Winner-Take-All Autoencoders*, NIPS.
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
        k_by: Literal["code", "place", "channel"] = "code",
        lifetime: float | None = None,
        code_activation: str | None = None,
        active_threshold: float = 0.01,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("code_penalty") is not None:
            raise ValueError(
                "`code_penalty` is set by `penalty` in this family, received "
                f"{kwargs['code_penalty']!r}; use `penalty`, or another family."
            )
        usual = "sigmoid" if penalty == "kl" else "linear" if lifetime is None else "relu"
        activation = code_activation or usual
        super().__init__(encoder, decoder, code_activation=activation, **kwargs)
        if penalty not in ("l1", "kl", None):
            raise ValueError(f"`penalty` must be 'l1', 'kl' or None, received {penalty!r}.")
        if not active_threshold >= 0:
            raise ValueError(f"`active_threshold` must be non-negative, received {active_threshold!r}.")
        self.penalty = penalty
        self.weight = weight
        self.rho = rho
        self.momentum = momentum
        self.k = k
        self.k_by = k_by
        self.lifetime = lifetime
        self.active_threshold = active_threshold
        settings: dict[str, Any] = {} if weight is None else {"weight": weight}
        chosen = _penalty(penalty, k, lifetime)
        if chosen == "l1":
            self.code_penalty = L1(**settings)
        elif chosen == "kl":
            self.code_penalty = KLSparsity(rho=rho, momentum=momentum, **settings)
        elif weight is not None:
            raise ValueError(
                f"`weight` needs a `penalty`, received {weight!r} and none; add --set model.penalty=l1, or "
                "leave it out."
            )
        for name, value, default in (("rho", rho, 0.1), ("momentum", momentum, 0.0)):
            if chosen != "kl" and value != default:
                raise ValueError(
                    f"`{name}` needs the `penalty` 'kl', received {value!r} and {penalty!r}; add --set "
                    "model.penalty=kl, or leave it out."
                )
        if k is None and k_by != "code":
            raise ValueError(f"`k_by` needs a `k`, received {k_by!r} and none; add --set model.k=1.")
        channels = self.code_shape[-1] if len(self.code_shape) > 1 else None
        self.top_k = None if k is None else TopK(k, by=k_by, channels=channels)
        self.lifetime_sparsity = None if lifetime is None else LifetimeSparsity(lifetime, dtype="float32")
        self.active = ActiveFraction(name="active")
        self.dead = DeadFraction(self.latent_dim, name="dead")

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        # Models were stored with settings that have no effect, before these were refused.
        chosen = _penalty(*(config.get(name) for name in ("penalty", "k", "lifetime")))
        unused = {None: ("weight", "rho", "momentum"), "l1": ("rho", "momentum")}.get(chosen, ())
        kept = {name: value for name, value in config.items() if name not in unused}
        return super().from_config(kept, custom_objects)

    @classmethod
    def searchable(cls, settings: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
        bounds = super().searchable(settings)
        if _penalty(*(settings.get(name) for name in ("penalty", "k", "lifetime"))) is None:
            bounds.pop("weight", None)
        return bounds

    def head_layers(self) -> list[keras.layers.Layer]:
        layers = super().head_layers()
        return layers if self.top_k is None else [*layers, self.top_k]

    def encode(self, x: Any, training: bool = False) -> Any:
        h = super().encode(x, training=training)
        # The layer is used through `call`, so that a plain encoder records Keras operations; see `_plain.py`.
        return h if self.top_k is None else self.top_k.call(h)

    def passed_on(self, h: Any, training: bool, seed: Any) -> Any:
        if self.lifetime_sparsity is not None:
            h = self.lifetime_sparsity(h, training=training)
        return super().passed_on(h, training, seed)

    def unused_units(self, raw: Any) -> dict[str, int]:
        fired = (np.abs(self.transform(raw)) > self.active_threshold).sum(axis=0)
        alive = fired > 0
        # A unit is silent by chance in few examples; the others show how often a unit is active.
        enough = len(raw) >= 10 and (not alive.any() or fired[alive].mean() >= 10)
        return {"dead_units": int((~alive).sum())} if enough else {}

    def observe(self, x: Any, sample_weight: Any) -> None:
        active = ops.cast(ops.abs(self.encode(x)) > self.active_threshold, "float32")
        self.active.update_state(active)
        self.dead.update_state(active)


def _penalty(penalty: Any, k: Any, lifetime: Any) -> Any:
    """Return the name of the penalty of a model with these arguments, or `None` if it has none."""
    return "l1" if penalty is None and k is None and lifetime is None else penalty
