"""Standardization: features of mean 0 and standard deviation 1."""

import dataclasses
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.preprocessing._base import Preprocessor, check_scaled
from kerasae.preprocessing._gross import Bounds, GrossEntries, may_be_gross, reach, warn_of_gross
from kerasae.spec import Spec


@keras.saving.register_keras_serializable(package="kerasae")
class Standardization(Preprocessor):
    """`x_j = (raw_j - mean_j) / std_j` for each feature. `std_j` is 1 for a constant feature.

    A few gross errors in the training split do not count in the moments, and a training replaces them by the
    furthest of the other entries; see `GrossEntries`. Without such errors the moments are the plain ones.

    Args:
        spec: Description of one raw example.
        mean: Means of the features, flattened. Defaults to `None`, until `fit`.
        std: Standard deviations of the features, flattened. Defaults to `None`, until `fit`.
        low: Smallest raw value of each feature that counts in training, flattened. Defaults to `None`, until
            `fit`.
        high: Greatest raw value of each feature that counts in training, flattened. Defaults to `None`, until
            `fit`.
        gross: Number of gross errors of each feature in training, flattened. Defaults to `None`, until `fit`.

    Raises:
        ValueError: if all features are constant in the training split.

    Warns:
        UserWarning: if there are gross errors.
    """

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

    def fit_chunks(self, chunks: Callable[[], Iterable[Any]]) -> "Standardization":
        def parts() -> Iterable[np.ndarray]:
            return (raw.reshape(len(raw), -1).astype("float64") for raw in chunks())

        with np.errstate(over="ignore", invalid="ignore"):
            sums = [(len(part), part.sum(axis=0), part.min(axis=0), part.max(axis=0)) for part in parts()]
            rows = sum(count for count, *_ in sums)
            mean = np.sum([total for _, total, *_ in sums], axis=0) / rows
        least, greatest = (
            np.min([low for *_, low, _ in sums], axis=0),
            np.max([high for *_, high in sums], axis=0),
        )
        constant = np.flatnonzero(least == greatest)
        if constant.size == mean.size:
            raise ValueError(
                f"Standardization needs a feature that varies, received {mean.size} constant one(s) in the "
                "training split, from which nothing can be learned; give rows that differ."
            )
        if constant.size:
            shown = ", ".join(map(str, constant[:5])) + (", ..." if constant.size > 5 else "")
            warnings.warn(
                f"{constant.size} of {mean.size} features are constant in the training split and teach "
                f"nothing: {shown} (counted from 0).",
                stacklevel=2,
            )
        with np.errstate(over="ignore", invalid="ignore"):
            squares = sum(np.square(part - mean).sum(axis=0) for part in parts())
            suspects = np.flatnonzero(may_be_gross(rows, least, greatest, mean, squares))
        variance = squares / rows
        bounds = _bounds(parts, rows, mean, squares, suspects)
        self.gross = [bounds[number].beyond if number in bounds else 0 for number in range(mean.size)]
        if bounds:
            numbers = [*bounds]
            least[numbers] = [one.low for one in bounds.values()]
            greatest[numbers] = [one.high for one in bounds.values()]
            mean[numbers], variance[numbers] = _moments_within(parts, numbers, least, greatest)
        warn_of_gross({f"feature {number} (counted from 0)": one for number, one in bounds.items()})
        self.mean, self.low, self.high = mean.tolist(), least.tolist(), greatest.tolist()
        # The root of the variance of a constant feature may be above 0, because of rounding.
        self.std = np.where(least == greatest, 1.0, np.sqrt(variance)).tolist()
        check_scaled(self, least.reshape(self.spec.shape), greatest.reshape(self.spec.shape))
        return self

    def _moments(self) -> tuple[np.ndarray, np.ndarray]:
        if self.mean is None or self.std is None:
            raise ValueError("The moments are not known yet; call `fit` with the training examples.")
        shape = self.spec.shape
        return np.array(self.mean, "float64").reshape(shape), np.array(self.std, "float64").reshape(shape)

    def call(self, inputs: Any) -> Any:
        mean, std = (moment.astype(self.precision) for moment in self._moments())
        return ops.cast((ops.cast(inputs, self.precision) - mean) / std, "float32")

    @property
    def ends(self) -> tuple[np.ndarray, np.ndarray] | None:
        if self.low is None or self.high is None:
            return None
        mean, std = self._moments()
        low, high = ((np.reshape(end, self.spec.shape) - mean) / std for end in (self.low, self.high))
        return low, high

    @property
    def reach(self) -> tuple[np.ndarray, np.ndarray] | None:
        return None if self.ends is None else reach(*self.ends, self.gross)

    @property
    def affine(self) -> tuple[np.ndarray, np.ndarray]:
        return self._moments()

    def counted_from(self, origin: Any) -> "Standardization":
        mean, std = self._moments()
        spec = dataclasses.replace(self.spec, dtype="float32")
        return Standardization(spec, mean=(mean - origin).ravel().tolist(), std=std.ravel().tolist())

    def inverse(self, x: Any) -> Any:
        mean, std = (moment.astype(self.precision) for moment in self._moments())
        return ops.cast(x, self.precision) * std + mean

    def get_config(self) -> dict[str, Any]:
        names = ("mean", "std", "low", "high", "gross")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _bounds(
    parts: Callable[[], Iterable[np.ndarray]],
    rows: int,
    mean: np.ndarray,
    squares: np.ndarray,
    suspects: np.ndarray,
) -> dict[int, Bounds]:
    """Return the bounds of the features that have gross errors, by number of the feature."""
    found = {number: GrossEntries(rows, mean[number], squares[number]) for number in suspects.tolist()}
    if found:
        for part in parts():
            for number, entries in found.items():
                entries.see(part[:, number])
    bounds = {number: entries.bounds() for number, entries in found.items()}
    return {number: bound for number, bound in bounds.items() if bound is not None}


def _moments_within(
    parts: Callable[[], Iterable[np.ndarray]], numbers: list[int], least: np.ndarray, greatest: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return means and variances of some features over the entries between their ends."""

    def counted(values: np.ndarray, part: np.ndarray) -> np.ndarray:
        inside = (part >= least[numbers]) & (part <= greatest[numbers])
        return np.where(inside, values, 0.0).sum(axis=0)

    rows = np.sum([counted(np.ones(1), part[:, numbers]) for part in parts()], axis=0)
    mean = np.sum([counted(part[:, numbers], part[:, numbers]) for part in parts()], axis=0) / rows
    squares = [counted(np.square(part[:, numbers] - mean), part[:, numbers]) for part in parts()]
    return mean, np.sum(squares, axis=0) / rows
