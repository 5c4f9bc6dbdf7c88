"""LocationScale: base class of likelihoods with a location and a fixed, learned or predicted scale."""

from typing import Any, Literal

import keras
from keras import ops

from kerasae.layers import SharedScale
from kerasae.losses._base import ReconstructionLoss


class LocationScale(ReconstructionLoss):
    """Density of `(x - mean) / scale`.

    Args:
        scale: Scale of the density, in units of `x`. A positive number is a fixed scale. `"learned"` is
            one trainable number for all features (Rybkin et al. 2021), which needs no tuning.
            `"predicted"` is one number per feature and example, an output of the decoder. Defaults to
            `"learned"`.
        min_scale: Smallest scale, in units of `x`. Without it, a constant feature would send the
            likelihood to infinity. Defaults to 0.01.
    """

    density = True

    def __init__(
        self,
        scale: float | Literal["learned", "predicted"] = "learned",
        *,
        min_scale: float = 0.01,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if isinstance(scale, str):
            if scale not in ("learned", "predicted"):
                raise ValueError(
                    f"`scale` must be a positive number, 'learned' or 'predicted', received {scale!r}."
                )
        elif isinstance(scale, bool) or not scale > 0:
            raise ValueError(f"`scale` must be positive, received {scale!r}.")
        if not min_scale > 0:
            raise ValueError(f"`min_scale` must be positive, received {min_scale!r}.")
        if not isinstance(scale, str) and scale < min_scale:
            raise ValueError(f"`scale` must not be below `min_scale` {min_scale}, received {scale!r}.")
        self.scale = scale
        self.min_scale = min_scale

    @property
    def outputs(self) -> int:
        return 2 if self.scale == "predicted" else 1

    def head(self) -> keras.layers.Layer | None:
        return SharedScale(dtype="float32") if self.scale == "learned" else None

    def decoder_shape(self, x_shape: tuple[int, ...]) -> tuple[int | None, ...]:
        return (*x_shape[:-1], x_shape[-1] * (2 if isinstance(self.scale, str) else 1))

    def mean(self, params: Any) -> Any:
        if not isinstance(self.scale, str):
            return params
        return ops.split(params, 2, axis=-1)[0]

    def per_feature(self, x: Any, params: Any) -> Any:
        mean, log_scale = self._located(params)
        return self.feature_nll((x - mean) * ops.exp(-log_scale)) + log_scale

    def draw(self, params: Any, uniform: Any) -> Any:
        mean, log_scale = self._located(params)
        return mean + ops.exp(log_scale) * self.quantile(uniform)

    def _located(self, params: Any) -> tuple[Any, Any]:
        """Return the mean and the log-scale of each feature."""
        if isinstance(self.scale, str):
            mean, log_scale = ops.split(params, 2, axis=-1)
        else:
            mean, log_scale = params, ops.log(ops.full_like(params, self.scale))
        return mean, ops.maximum(log_scale, ops.log(ops.cast(self.min_scale, log_scale.dtype)))

    def quantile(self, levels: Any) -> Any:
        """Return the quantiles of the density with mean 0 and scale 1 at levels in (0, 1)."""
        raise NotImplementedError(f"{type(self).__name__} must write `quantile`.")

    def feature_nll(self, standardised: Any) -> Any:
        """Return `-log p` of each standardised residual, for scale 1."""
        raise NotImplementedError(f"{type(self).__name__} must write `feature_nll`.")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale, "min_scale": self.min_scale}
