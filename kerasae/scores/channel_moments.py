"""Level and variance of the residual of each channel of a window as an anomaly score."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import keras
import numpy as np
from keras import ops
from scipy import stats

from kerasae.scores._base import Accounts, Score
from kerasae.scores._wandering import growth

#: Largest sum of the squared weights of the windows that is taken for what it is; two windows have more.
_MOST_WEIGHT = 2.0 / 3.0
#: Number of doublings of the variance, from its floor, over which the logarithm is interpolated.
_DOUBLINGS = 40
#: Floor of the variance, as a share of the median variance.
_FLOOR = 0.005
#: Largest number of training windows, evenly spaced, from which centre and spread are learned.
_WINDOWS = 20_000


@keras.saving.register_keras_serializable(package="kerasae")
class ChannelMomentsScore(Score):
    """The greatest deviation, over the channels of a window, of the residual's mean and log variance.

    A window has two features for each channel: the mean of the residual over its steps, and half the
    logarithm of its variance over them. The deviation of a feature is `|f - m| / (q s)`. `m` and `s` are its
    mean and its expected standard deviation, and `q` is the normal quantile at which one of all features of
    a window exceeds 1 with probability `level`, if they were normal (Bonferroni's correction). So a score of
    1 has a meaning without a calibration, though not a promise: features are not normal, and neighbouring
    windows are not independent.

    Mean and deviation are learned from windows in the order of time. Later windows weigh more, linearly from
    0. The variance is multiplied by a factor for the future, since a feature that wanders goes on to wander:
    the power law of the feature's variogram is continued to `horizon` times the log (`growth`). Windows that
    do not overlap count as independent.

    The score should be learned from windows that the weights have not seen, because the residuals of
    training windows are smaller: either with `cross_fit` of `AnomalyDetector`, or from the validation split,
    if there is one.

    The logarithm is interpolated linearly between two doublings, from a floor of a two-hundredth of the
    median variance. So it has the same bits on each processor. A missing reading has no residual. The
    evidence of the missing readings of a channel, in nats, is added to its deviation in units of that of a
    score of 1, `log(2 channels / level)`, so that usual gaps add nothing.

    Args:
        level: Probability of a false alarm for one window of independent normal features, in (0, 1).
            Defaults to 0.001.
        horizon: Length of the time for which the detector is used, in lengths of the training log. Defaults
            to 2.
        channels: Number of channels. Defaults to `None`, those of the preprocessor. Where these are no
            windows of a series, each feature is a channel of one step, which has no variance.

    Raises:
        ValueError: If an argument is out of range, or `channels` does not divide the number of features.

    Reference: Matheron 1963, *Economic Geology* 58(8), for the variogram.
    """

    unit: ClassVar[str | None] = "greatest deviation of a channel's residual, 1 at the level of the score"
    needs: ClassVar[tuple[str, ...]] = ("residual",)

    def __init__(
        self, *, level: float = 1e-3, horizon: float = 2.0, channels: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(level, bool) or not 0 < level < 1:
            raise ValueError(f"`level` must be in (0, 1), received {level!r}.")
        if isinstance(horizon, bool) or not horizon > 0:
            raise ValueError(f"`horizon` must be positive, received {horizon!r}.")
        self.level = level
        self.horizon = horizon
        self.channels = channels
        self._gaps: np.ndarray | None = None

    def suit(self, preprocessor: Any) -> None:
        if preprocessor is not None and preprocessor.spec.channels:
            channels = preprocessor.spec.channels
            self.channels = len(channels)
            self._gaps = np.array([channel.gap for channel in channels])

    def build(self, input_shape: Any) -> None:
        size = input_shape["residual"][-1]
        self.channels = self.channels or size
        if size % self.channels:
            raise ValueError(
                f"`channels` must divide the {size} features of an example, received {self.channels}; leave "
                "it out."
            )
        self.steps = size // self.channels

        def weight(name: str, shape: tuple[int, ...], value: str) -> Any:
            return self.add_weight(shape=shape, trainable=False, name=name, initializer=value)

        features = (2 * self.channels,)
        #: Squared residual at which the logarithm begins.
        self.floor = weight("floor", (), "ones")
        self.center = weight("center", features, "zeros")
        #: Inverse of the deviation that makes a score of 1.
        self.inverse = weight("inverse", features, "ones")
        #: What a missing reading adds to the deviation of its channel.
        self.gap: Any = None
        if "missing" in input_shape:
            self.gap = weight("gap", (self.channels,), "zeros")
        super().build(input_shape)

    def adapt(self, accounts: Accounts, least: np.ndarray | None = None) -> Self:
        super().adapt(accounts, least)
        if self.gap is not None and self._gaps is not None:
            self.gap.assign(self._gaps / math.log(2 * len(self._gaps) / self.level))
        return self._learn(accounts)

    def adapt_to_new(self, accounts: Accounts) -> Self:
        return self._learn(accounts)

    def _learn(self, accounts: Accounts) -> Self:
        rows = sum(len(part["residual"]) for part in accounts())
        step = -(-rows // _WINDOWS)
        # Also between two batches, every `step`-th window is taken.
        before, parts = 0, []
        for part in accounts():
            kept = {key: value[-before % step :: step] for key, value in self.taken(part).items()}
            before += len(part["residual"])
            if len(kept["residual"]):
                parts.append([ops.convert_to_numpy(one) for one in self._moments(kept)])
        mean, variance, count = (np.concatenate(each) for each in zip(*parts, strict=True))
        if (count > 1.5).any():
            self.floor.assign(_FLOOR * float(np.median(variance[count > 1.5])) + 1e-12)
        features = ops.convert_to_numpy(self._features(mean, variance)).astype("float64")
        known = np.concatenate([count > 0.5, (count > 1.5) | (self.steps == 1)], axis=1)
        age = np.linspace(0.0, 1.0, len(features))[:, None] if len(features) > 1 else np.ones((1, 1))
        age = age * known / np.maximum((age * known).sum(axis=0), 1e-12)
        center = (age * features).sum(axis=0)
        features = np.where(known, features, center)
        variance = (age * np.square(features - center)).sum(axis=0)
        # Windows that share readings count as one. The mean is estimated from the same windows, and a new one
        # deviates from it by more.
        squared = np.minimum(np.square(age).sum(axis=0) * max(self.block / step, 1.0), _MOST_WEIGHT)
        variance *= (1.0 + squared) / (1.0 - squared)
        variance *= growth(features, max(self.block // step, 1), self.horizon)
        quantile = stats.norm.isf(self.level / 2 / len(center))
        self.center.assign(center)
        self.inverse.assign(1.0 / (quantile * (np.sqrt(variance) + 1e-6)))
        return self

    def _by_channel(self, values: Any) -> Any:
        """Return values of the features by step and channel, `(batch, steps, channels)`."""
        return ops.reshape(values, (-1, self.steps, self.channels))

    def _moments(self, inputs: Mapping[str, Any]) -> tuple[Any, Any, Any]:
        """Return mean, variance and number of the residuals of each channel, each `(batch, channels)`."""
        residual = self._by_channel(inputs["residual"])
        if "missing" not in inputs:
            mean = ops.mean(residual, axis=1, keepdims=True)
            variance = ops.mean(ops.square(residual - mean), axis=1)
            return mean[:, 0], variance, ops.full_like(variance, self.steps)
        present = 1.0 - self._by_channel(inputs["missing"])
        count = ops.sum(present, axis=1, keepdims=True)
        share = 1.0 / ops.maximum(count, 1.0)
        mean = ops.sum(residual * present, axis=1, keepdims=True) * share
        variance = ops.sum(ops.square(residual - mean) * present, axis=1, keepdims=True) * share
        return mean[:, 0], variance[:, 0], count[:, 0]

    def _features(self, mean: Any, variance: Any) -> Any:
        """Return the means, then half the logarithms of the variances in floors, `(batch, 2 channels)`."""
        starts = np.float32(2.0) ** np.arange(_DOUBLINGS, dtype="float32")
        scaled = ops.expand_dims(variance / self.floor + 1.0, -1)
        inside = ops.clip((scaled - starts) * (1.0 / starts), 0.0, 1.0)
        logarithm = ops.sum(inside, axis=-1) * np.float32(0.5 * math.log(2.0))
        return ops.concatenate([mean, logarithm], axis=1)

    def _deviations(self, inputs: Mapping[str, Any]) -> Any:
        """Return how far each channel of each window is off, `(batch, channels)`."""
        mean, variance, count = self._moments(inputs)
        off = ops.abs(self._features(mean, variance) - self.center) * self.inverse
        first, second = off[:, : self.channels], off[:, self.channels :]
        if "missing" in inputs:
            # No reading has no mean, and a single one no variance.
            first = ops.where(count < 0.5, ops.zeros_like(first), first)
            second = ops.where(count < 1.5, ops.zeros_like(second), second)
        off = ops.maximum(first, second)
        if self.gap is None or "missing" not in inputs:
            return off
        return off + ops.sum(self._by_channel(inputs["missing"]), axis=1) * self.gap

    def call(self, inputs: Mapping[str, Any]) -> Any:
        return ops.max(self._deviations(inputs), axis=1)

    def features(self, inputs: Mapping[str, Any]) -> Any:
        """Return the contribution of each reading, `(batch, features)`, which sum to the score.

        The score is divided among the channels by their deviations, and the share of a channel among its
        steps by their squared residuals. The residual of a missing reading is that of the gap.
        """
        off = self._deviations(inputs)
        total = ops.maximum(ops.sum(off, axis=1, keepdims=True), 1e-30)
        off = off * (ops.max(off, axis=1, keepdims=True) / total)
        weights = ops.square(self._by_channel(inputs["residual"])) + 1e-12
        weights = weights / ops.sum(weights, axis=1, keepdims=True)
        return ops.reshape(ops.expand_dims(off, 1) * weights, ops.shape(inputs["residual"]))

    def get_config(self) -> dict[str, Any]:
        own = {"level": self.level, "horizon": self.horizon, "channels": self.channels}
        return {**super().get_config(), **own}
