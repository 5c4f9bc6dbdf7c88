"""The likelihood of a window of a series, a sum over its readings."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.layers import ChannelScales
from kerasae.losses._base import HIGHEST, ReconstructionLoss, flatten, normal_quantile
from kerasae.spec import Spec


@keras.saving.register_keras_serializable(package="kerasae")
class Readings(ReconstructionLoss):
    """`-sum_tc log N(x_tc; mean_tc, scale_c^2)` over the readings that are not missing, in nats per window.

    Each channel has one learned standard deviation, so that a channel that is hard to predict does not
    dominate the others. Missing readings add nothing.

    Args:
        spec: Fitted spec of the windows, as an object or as a dict.
        min_scale: Smallest standard deviation, in units of `x`. Without it, a constant channel would send the
            likelihood to infinity. Defaults to 0.01.

    Reference: Kingma and Welling 2014, ICLR, appendix C.2; Rybkin et al. 2021, ICML, for the learned scale;
    Nazabal et al. 2020, *Pattern Recognition* 107, for missing entries.
    """

    kinds = ("series",)
    density = True
    error_unit = "squared units of x per reading"

    def __init__(
        self,
        spec: Spec | dict[str, Any],
        *,
        min_scale: float = 0.01,
        name: str | None = "readings",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.spec = spec if isinstance(spec, Spec) else Spec.from_dict(spec)
        if self.spec.kind not in self.kinds:
            raise ValueError(
                f"The loss 'readings' needs windows of a series, received a {self.spec.kind}; choose another "
                "loss."
            )
        if not min_scale > 0:
            raise ValueError(f"`min_scale` must be positive, received {min_scale!r}.")
        self.min_scale = min_scale
        self._gap = np.array([channel.gap for channel in self.spec.channels], "float32")

    def head(self) -> keras.layers.Layer | None:
        return ChannelScales(dtype="float32")

    def decoder_shape(self, x_shape: tuple[int, ...]) -> tuple[int | None, ...]:
        return (*x_shape[:-1], 2 * x_shape[-1])

    def mean(self, params: Any) -> Any:
        return ops.split(params, 2, axis=-1)[0]

    def draw(self, params: Any, uniform: Any) -> Any:
        mean, log_scale = self._located(params)
        return mean + ops.exp(log_scale) * normal_quantile(uniform)

    def _located(self, params: Any) -> tuple[Any, Any]:
        """Return the mean and the log-scale of each reading."""
        mean, log_scale = ops.split(params, 2, axis=-1)
        return mean, ops.maximum(log_scale, math.log(self.min_scale))

    def per_feature(self, x: Any, params: Any) -> Any:
        """Return `-log p` of each reading, in the shape of `x`, in nats; 0 for a missing reading."""
        mean, log_scale = self._located(params)
        missing = ops.isnan(x)
        difference = ops.where(missing, ops.zeros_like(mean), x - mean)
        nll = 0.5 * ops.square(difference * ops.exp(-log_scale)) + log_scale + 0.5 * math.log(2 * math.pi)
        return ops.where(missing, ops.zeros_like(nll), nll)

    def account(self, x: Any, params: Any) -> dict[str, Any]:
        """Return the evidence of each reading for anomaly scores, `(batch, steps * channels)`.

        A missing reading is 0 in `x`. Its `nll` is the entropy of the model's distribution plus `Column.gap`,
        the evidence of the gap itself, so that a usual gap neither raises nor lowers a score.
        """
        missing = ops.isnan(x)
        _, log_scale = self._located(params)
        nll = self.per_feature(x, params)
        usual = log_scale + 0.5 * math.log(2 * math.pi * math.e) + self._gap
        return {
            "residual": flatten(self.residual(x, params)),
            "nll": flatten(ops.where(missing, usual, nll)),
            "x": flatten(ops.where(missing, ops.zeros_like(nll), ops.cast(x, "float32"))),
            "missing": flatten(ops.cast(missing, "float32")),
        }

    def residual(self, x: Any, params: Any) -> Any:
        """Return `x` minus its reconstruction, in the shape of `x`.

        For a missing reading it is that of the gap, as in a table: `sqrt(2 gap_c)`, half of whose square is
        the evidence of the gap in nats. It is 0 if gaps are usual.
        """
        mean, _ = self._located(params)
        difference = ops.cast(x, "float32") - mean
        return ops.where(ops.isnan(x), np.sqrt(2.0 * self._gap), difference)

    def error(self, x: Any, params: Any) -> Any:
        """Return the mean squared error of each window over its readings, `(batch,)`.

        A window without any reading cannot be scored and gets `HIGHEST`.
        """
        missing = flatten(ops.cast(ops.isnan(x), "float32"))
        difference = ops.where(ops.isnan(x), ops.zeros_like(self.mean(params)), x - self.mean(params))
        count = math.prod(x.shape[1:]) - ops.sum(missing, axis=1)
        error = ops.sum(flatten(ops.square(difference)), axis=1) / ops.maximum(count, 1.0)
        return ops.where(count < 0.5, ops.full_like(error, HIGHEST), error)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "spec": self.spec.to_dict(), "min_scale": self.min_scale}
