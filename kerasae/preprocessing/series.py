"""SeriesPreprocessing: the channels of a series with mean 0 and standard deviation 1."""

import dataclasses
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.preprocessing._base import Preprocessor
from kerasae.preprocessing._evidence import gap_evidence
from kerasae.preprocessing._gross import Bounds, GrossEntries, may_be_gross, reach, warn_of_gross
from kerasae.spec import Spec


@keras.saving.register_keras_serializable(package="kerasae")
class SeriesPreprocessing(Preprocessor):
    """`x_tc = (raw_tc - mean_c) / std_c` for each channel `c`. A missing reading stays NaN.

    Missing readings do not count in the moments. A few gross errors do not count either, and a training
    replaces them by the furthest of the other readings; see `GrossEntries`. `std_c` is 1 for a channel that
    is constant in the training split, and a reading that leaves the constant is far from 0 in units of 1.

    Args:
        spec: Description of one window.
        mean: Means of the channels. Defaults to `None`, until `fit`.
        std: Standard deviations of the channels. Defaults to `None`, until `fit`.
        low: Smallest raw reading of each channel that counts in training. Defaults to `None`, until `fit`.
        high: Greatest raw reading of each channel that counts in training. Defaults to `None`, until `fit`.
        gross: Number of gross errors of each channel in training. Defaults to `None`, until `fit`.

    Raises:
        ValueError: if all channels are constant in the training split, or a channel has no reading there.

    Warns:
        UserWarning: if a channel is constant, or if there are gross errors.
    """

    kinds = ("series",)
    blank = float("nan")

    def __init__(
        self,
        spec: Spec | dict[str, Any],
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        low: Sequence[float] | None = None,
        high: Sequence[float] | None = None,
        gross: Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(spec, **kwargs)
        self.mean = None if mean is None else [float(value) for value in mean]
        self.std = None if std is None else [float(value) for value in std]
        self.low = None if low is None else [float(value) for value in low]
        self.high = None if high is None else [float(value) for value in high]
        self.gross = None if gross is None else [int(value) for value in gross]

    # Fitting -------------------------------------------------------------------------------------

    def fit_chunks(self, chunks: Callable[[], Iterable[Any]]) -> "SeriesPreprocessing":
        """Fit from windows that are read part by part. Windows that overlap count a reading several times."""

        def parts() -> Iterable[np.ndarray]:
            return (np.asarray(raw, "float64").reshape(-1, self.spec.shape[1]) for raw in chunks())

        rows = 0
        count = total = np.zeros(self.spec.shape[1])
        least, greatest = np.full(count.shape, np.inf), np.full(count.shape, -np.inf)
        for part in parts():
            rows += len(part)
            count = count + (~np.isnan(part)).sum(axis=0)
            total = total + np.nansum(part, axis=0)
            least = np.fmin(least, np.fmin.reduce(part, axis=0))
            greatest = np.fmax(greatest, np.fmax.reduce(part, axis=0))
        self._check(count, least, greatest)
        mean = total / count
        squares = sum(np.nansum(np.square(part - mean), axis=0) for part in parts())
        bounds = self._bounds(parts, count, least, greatest, mean, squares)
        self.gross = [bounds[number].beyond if number in bounds else 0 for number in range(mean.size)]
        variance = squares / count
        for number, bound in bounds.items():
            least[number], greatest[number] = bound.low, bound.high
            mean[number], variance[number] = _moments_within(bound, number, parts)
        names = [channel.name for channel in self.spec.channels]
        warn_of_gross({f"channel '{names[number]}'": one for number, one in bounds.items()})
        self.mean, self.low, self.high = mean.tolist(), least.tolist(), greatest.tolist()
        # The root of the variance of a constant channel may be above 0, because of rounding.
        self.std = np.where(least == greatest, 1.0, np.sqrt(variance)).tolist()
        self.spec = self._fitted(rows - count, rows)
        return self

    def _check(self, count: np.ndarray, least: np.ndarray, greatest: np.ndarray) -> None:
        names = [channel.name for channel in self.spec.channels]
        empty = [name for name, readings in zip(names, count, strict=True) if not readings]
        if empty:
            raise ValueError(
                f"Expected readings of every channel in the training split, received none of '{empty[0]}'; "
                f"leave it out (--set 'data.drop=[\"{empty[0]}\"]'), or train on a part where it works."
            )
        constant = [name for name, low, high in zip(names, least, greatest, strict=True) if low == high]
        if len(constant) == len(names):
            raise ValueError(
                f"Expected a channel that varies in the training split, received {len(names)} constant "
                "one(s); take another part of the log."
            )
        if constant:
            shown = ", ".join(f"'{name}'" for name in constant[:5]) + (", ..." if len(constant) > 5 else "")
            warnings.warn(
                f"{len(constant)} of {len(names)} channels are constant in the training split: {shown}.",
                stacklevel=3,
            )

    @staticmethod
    def _bounds(
        parts: Callable[[], Iterable[np.ndarray]],
        count: np.ndarray,
        least: np.ndarray,
        greatest: np.ndarray,
        mean: np.ndarray,
        squares: Any,
    ) -> dict[int, Bounds]:
        """Return the bounds of the channels that have gross errors, by number of the channel."""
        suspects = [
            number
            for number in range(mean.size)
            if may_be_gross(count[number], least[number], greatest[number], mean[number], squares[number])
        ]
        found = {
            number: GrossEntries(int(count[number]), mean[number], squares[number]) for number in suspects
        }
        for part in parts() if found else ():
            for number, entries in found.items():
                values = part[:, number]
                entries.see(values[~np.isnan(values)])
        bounds = {number: entries.bounds() for number, entries in found.items()}
        return {number: bound for number, bound in bounds.items() if bound is not None}

    def _fitted(self, missing: np.ndarray, rows: int) -> Spec:
        """Return the spec whose channels know how usual a missing reading is."""
        evidence = gap_evidence(missing.tolist(), rows)
        channels = tuple(
            dataclasses.replace(channel, gap=float(gap), stand_in=None if absent else 0.0)
            for channel, gap, absent in zip(self.spec.channels, evidence, missing, strict=True)
        )
        return dataclasses.replace(self.spec, channels=channels)

    # From raw examples to x, and back ------------------------------------------------------------

    def _moments(self) -> tuple[np.ndarray, np.ndarray]:
        if self.mean is None or self.std is None:
            raise ValueError("The moments are not known yet; call `fit` with the training examples.")
        return np.array(self.mean, "float64"), np.array(self.std, "float64")

    def call(self, inputs: Any) -> Any:
        mean, std = (moment.astype(self.precision) for moment in self._moments())
        return ops.cast((ops.cast(inputs, self.precision) - mean) / std, "float32")

    @property
    def ends(self) -> tuple[np.ndarray, np.ndarray] | None:
        if self.low is None or self.high is None:
            return None
        mean, std = self._moments()
        low, high = ((np.array(end) - mean) / std for end in (self.low, self.high))
        return np.broadcast_to(low, self.spec.shape), np.broadcast_to(high, self.spec.shape)

    @property
    def reach(self) -> tuple[np.ndarray, np.ndarray] | None:
        if self.ends is None or self.gross is None:
            return None
        steps = self.spec.shape[0]
        return reach(*self.ends, [*self.gross] * steps)

    @property
    def affine(self) -> tuple[np.ndarray, np.ndarray]:
        return self._moments()

    def counted_from(self, origin: Any) -> "SeriesPreprocessing":
        mean, std = self._moments()
        # The origin has a number for each reading, the same one at each step.
        shift = np.broadcast_to(origin, self.spec.shape)[0]
        spec = dataclasses.replace(self.spec, dtype="float32")
        return SeriesPreprocessing(spec, mean=(mean - shift).tolist(), std=std.tolist())

    def inverse(self, x: Any) -> Any:
        mean, std = (moment.astype(self.precision) for moment in self._moments())
        return ops.cast(x, self.precision) * std + mean

    def mend(self, x: Any, noisy: Any, continuous: bool) -> Any:
        """Keep missing readings missing."""
        return ops.where(ops.isnan(x), x, noisy)

    def get_config(self) -> dict[str, Any]:
        names = ("mean", "std", "low", "high", "gross")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _moments_within(
    bound: Bounds, number: int, parts: Callable[[], Iterable[np.ndarray]]
) -> tuple[float, float]:
    """Return mean and variance of the readings of a channel that are no gross errors."""

    def inside() -> Iterable[np.ndarray]:
        return (bound.within(part[:, number]) for part in parts())

    count = total = 0.0
    for values in inside():
        count, total = count + len(values), total + float(values.sum())
    mean = total / count
    return mean, sum(float(np.square(values - mean).sum()) for values in inside()) / count
