"""Quantiser: a uniform step for each number of a code, as large as the decoder allows."""

import dataclasses
from typing import Any, Self

import numpy as np

from kerasae.applications.compression._bitstream import as_float8, dequantised
from kerasae.codec import Codec
from kerasae.kinds import kind_of
from kerasae.spec import Spec

#: Number of codes around which the decoder is measured, and the distance, in standard deviations.
_TRIED, _DISTANCE = 128, 0.25
#: Noise on all numbers at once, in standard deviations, and the excess over single effects that is allowed.
_NOISE, _UNEXPLAINED = 0.5, 0.25
#: Number of codes that are decoded at a time.
_BATCH = 2048


@dataclasses.dataclass(frozen=True)
class Quantiser:
    """`symbol = round((code - offset) / step)`, by dimension.

    Args:
        steps: Steps, float32, `(latent_dim,)`.
        offsets: Offsets, float32, `(latent_dim,)`; 0 unless the range of a dimension is below two steps.
    """

    steps: np.ndarray
    offsets: np.ndarray

    def symbols(self, codes: np.ndarray) -> np.ndarray:
        """Quantise codes to whole numbers, `(rows, latent_dim)`, int64."""
        if not np.isfinite(codes).all():
            raise ValueError("Expected finite codes, received NaN or infinity from the encoder.")
        scaled = (np.asarray(codes, "float64") - self.offsets) / self.steps
        if np.abs(scaled).max(initial=0) >= 2**31:
            raise ValueError("Expected codes within 2^31 steps of 0; take a larger `step` or fewer `bits`.")
        return np.rint(scaled).astype("int64")

    def codes(self, symbols: np.ndarray) -> np.ndarray:
        """Return the codes of whole numbers, float32, `(rows, latent_dim)`."""
        return dequantised(symbols, self.steps, self.offsets)

    def state(self) -> dict[str, Any]:
        """Return the arguments."""
        return dataclasses.asdict(self)

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Self:
        """Return the quantiser whose `state` this is."""
        return cls(**state)


def unit_steps(codec: Codec, codes: np.ndarray, spec: Spec) -> np.ndarray:
    """Return the step of each dimension that changes `x` by 1, float64, `(latent_dim,)`.

    It is measured around training codes, by central differences of the decoder, and by the change if the mean
    replaces a number. The larger change counts, because a category or a token stays the same for a while and
    then changes. Changes are root mean squares over features and codes; a category or a token that changes
    counts as 1. The errors of the dimensions add up, so steps that change `x` by the same amount give the
    smallest error at a number of bits; for PCA they are all equal. The step is infinite for a dimension
    without any effect.

    If several numbers are redundant, none of them alone has much effect, but all together do. The effect of
    noise on all of them beyond the sum of the single effects is divided among them, by their spread.

    Args:
        codec: Codec with the decoder.
        codes: Codes of training rows, `(rows, latent_dim)`.
        spec: Spec of the examples.

    Reference: Gersho and Gray 1992, *Vector Quantization and Signal Compression*, section 8.3.
    """
    if _whole(codes):
        return np.ones(codes.shape[1])
    tried = codes[np.unique(np.linspace(0, len(codes) - 1, min(_TRIED, len(codes))).astype(int))]
    tried = tried.astype("float64")
    middle, spread = codes.mean(axis=0, dtype="float64"), codes.std(axis=0, dtype="float64")
    as_is = decoded(codec, tried)

    def move(one: np.ndarray, other: np.ndarray) -> float:
        """Return the mean square change of `x`, per mean square difference of the codes."""
        first, second = (as_is if codes is tried else decoded(codec, codes) for codes in (one, other))
        far = np.square(one - other).sum(axis=1).mean()
        return float(np.mean(kind_of(spec).squares(first, second)) / far) if far > 0 else 0.0

    squares = np.zeros(len(spread))
    for number in np.flatnonzero(spread):
        above, below, without = tried.copy(), tried.copy(), tried.copy()
        above[:, number] += _DISTANCE * spread[number]
        below[:, number] -= _DISTANCE * spread[number]
        without[:, number] = middle[number]
        squares[number] = max(move(above, below), move(tried, without))
    noise = np.random.default_rng(0).normal(size=tried.shape) * _NOISE * spread
    together = float(np.mean(kind_of(spec).squares(decoded(codec, tried + noise), as_is)))
    missing = together - float(np.sum(squares * np.square(_NOISE * spread)))
    if missing > _UNEXPLAINED * together:
        live = spread > 0
        squares[live] += missing / live.sum() / np.square(_NOISE * spread[live])
    with np.errstate(divide="ignore"):
        return 1 / np.sqrt(squares)


@dataclasses.dataclass(frozen=True)
class Ranges:
    """Ranges of training codes and effects of their numbers, from which steps are chosen.

    Args:
        low: Smallest code of each dimension, `(latent_dim,)`.
        high: Largest code of each dimension.
        mean: Mean code, float64.
        units: Step of each dimension that changes `x` by 1, as `unit_steps` returns it.
        whole: Whether all codes are whole numbers.
    """

    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    units: np.ndarray
    whole: bool

    @classmethod
    def of(cls, codes: np.ndarray, units: np.ndarray) -> Self:
        """Return the ranges of training codes, `(rows, latent_dim)`, with the result of `unit_steps`."""
        mean = codes.mean(axis=0, dtype="float64")
        return cls(codes.min(axis=0), codes.max(axis=0), mean, units, _whole(codes))

    def quantiser(self, bits: int | None, step: float | None) -> Quantiser:
        """Return the quantiser for a number of bits or a step.

        Args:
            bits: Number of bits of the dimension that changes `x` most over its range; the others use as many
                as they need. `None` with a step.
            step: Change of `x` by one step; `None` uses `bits`.
        """
        if self.whole:
            # Counts of indivisible things: a half rounds down.
            return Quantiser(np.ones(len(self.low), "float32"), np.zeros(len(self.low), "float32"))
        units = self.units
        span = np.asarray(self.high - self.low, "float64")
        moves = np.where(np.isfinite(units), span / units, 0.0)
        size = moves.max() / 2.0 ** (bits or 0) if step is None else step
        idle = moves < 2 * size if moves.max() > 0 else np.ones(len(span), bool)
        idle |= moves == 0
        # One step covers the whole range; the mean represents it, or 0 if that is as good.
        wide = np.exp2(np.ceil(np.log2(np.where(span > 0, 2 * span, 1.0))))
        steps = as_float8(np.where(idle, wide, size * np.where(np.isfinite(units), units, 1.0)))
        bound = np.where(np.isfinite(units), size * np.where(np.isfinite(units), units, 0.0) / 8, np.inf)
        far = (span == 0) | (np.abs(self.mean) > bound)
        offsets = np.where(idle & far, self.mean, 0.0).astype("float32")
        return Quantiser(steps, offsets)

    def state(self) -> dict[str, Any]:
        """Return the arguments."""
        return dataclasses.asdict(self)

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Self:
        """Return the ranges whose `state` this is."""
        return cls(**state)


def decoded(codec: Codec, codes: np.ndarray) -> np.ndarray:
    """Return reconstructions of `x`, `(rows, ...)`, computed part by part."""
    starts = range(0, len(codes), _BATCH)
    codes = codes.astype("float32")
    return np.concatenate([np.asarray(codec.decode(codes[start : start + _BATCH])) for start in starts])


def _whole(codes: np.ndarray) -> bool:
    return np.array_equal(codes, np.rint(codes))
