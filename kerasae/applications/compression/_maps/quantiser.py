"""MapQuantiser: a step for each channel of a map, the same at all places."""

import dataclasses
from typing import Any, Protocol, Self

import numpy as np

from kerasae.applications.compression._maps.file import dequantised, level_of, step_of
from kerasae.layers.rounding import DEAD

#: Number of codes around which the decoder is measured, and the distance, in standard deviations.
_TRIED, _DISTANCE = 32, 0.25
#: Parts of a step in an offset and in a shift towards 0.
_QUARTERS, _PARTS = 4, 128


class Decodes(Protocol):
    """Protocol of what decodes codes to `x`."""

    def decode(self, codes: Any) -> Any:
        """Return `x` of codes, `(rows, latent_dim)`."""


@dataclasses.dataclass(frozen=True)
class MapQuantiser:
    """Uniform steps with a dead zone around 0, by channel.

    Args:
        steps: Level of the step of each channel, as a file holds it, `(numbers,)`.
        offsets: Offset of each channel, in quarters of its step.
        plain: Whether symbols stand for multiples of a step, which the decoder was trained to read.
            Otherwise they stand for codes nearer to 0, as most codes are small.
    """

    steps: np.ndarray
    offsets: np.ndarray
    plain: bool = False

    def symbols(self, codes: np.ndarray) -> np.ndarray:
        """Quantise codes, `(..., numbers)` or vectors of them, to whole numbers of the same shape."""
        if not np.isfinite(codes).all():
            raise ValueError("Expected finite codes, received NaN or infinity from the encoder.")
        scaled = self._scaled(codes)
        if np.abs(scaled).max(initial=0) >= 2**31:
            raise ValueError("Expected codes within 2^31 steps of 0; take a larger `step` or fewer `bits`.")
        symbols = np.sign(scaled) * np.floor(np.abs(scaled) + 0.5 - DEAD)
        return symbols.astype("int64").reshape(codes.shape)

    def codes(self, symbols: np.ndarray) -> np.ndarray:
        """Return the codes of whole numbers, float32, of the same shape."""
        return dequantised(self._by_channel(symbols), self.steps, self.offsets).reshape(symbols.shape)

    def shifts(self, codes: list[np.ndarray], symbols: list[np.ndarray]) -> tuple[int, int]:
        """Return how far the codes of symbols of 1, and of larger ones, lie nearer to 0, in 128ths of a step.

        Args:
            codes: Codes of each image, `(rows, columns, numbers)`.
            symbols: Their symbols.
        """
        if self.plain:
            return 0, 0
        gaps: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
        for code, each in zip(codes, symbols, strict=True):
            gap = np.abs(each) - np.sign(each) * self._scaled(code)
            gaps[0].append(gap[np.abs(each) == 1])
            gaps[1].append(gap[np.abs(each) > 1])
        means = [float(part.mean()) if (part := np.concatenate(some)).size else 0.0 for some in gaps]
        ones, larger = (int(np.clip(round(_PARTS * mean), 0, _PARTS // 2)) for mean in means)
        return ones, larger

    def _by_channel(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(*values.shape[:-1], -1, len(self.steps))

    def _scaled(self, codes: np.ndarray) -> np.ndarray:
        values = self._by_channel(np.asarray(codes, "float64")) / step_of(self.steps)
        scaled: np.ndarray = (values - self.offsets / _QUARTERS).reshape(codes.shape)
        return scaled

    def state(self) -> dict[str, Any]:
        """Return the arguments."""
        return dataclasses.asdict(self)

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Self:
        """Return the quantiser whose `state` this is."""
        return cls(**state)


@dataclasses.dataclass(frozen=True)
class MapRanges:
    """Ranges of the channels of training codes and their effects, from which steps are chosen.

    Args:
        span: Largest code of each channel less the smallest, `(numbers,)`.
        mean: Mean of each channel.
        units: Step of each channel that changes `x` by 1 if all places move by it; infinite for a channel
            without effect.
        plain: Whether the decoder was trained for codes that are rounded to multiples of one step
            (`code_steps` of the model).
    """

    span: np.ndarray
    mean: np.ndarray
    units: np.ndarray
    plain: bool = False

    @classmethod
    def of(cls, codec: Decodes, codes: np.ndarray, numbers: int) -> Self:
        """Return the ranges of training codes, `(rows, places * numbers)`."""
        maps = codes.reshape(len(codes), -1, numbers).astype("float64")
        span = maps.max(axis=(0, 1)) - maps.min(axis=(0, 1))
        units = _unit_steps(codec, maps)
        plain = getattr(codec, "code_steps", None) is not None
        if plain and np.isfinite(units).any():
            units = np.where(np.isfinite(units), np.median(units[np.isfinite(units)]), units)
        return cls(span, maps.mean(axis=(0, 1)), units, plain)

    def quantiser(self, bits: float | None, step: float | None) -> MapQuantiser:
        """Return the quantiser for a number of bits or a step, as `Ranges.quantiser` does.

        Args:
            bits: Number of bits of the channel that changes `x` most over its range.
            step: Change of `x` by one step of a channel at all places; `None` uses `bits`.
        """
        finite = np.isfinite(self.units)
        units = np.where(finite, self.units, 1.0)
        moves = np.where(finite, self.span / units, 0.0)
        most = float(moves.max()) or 1.0
        size = most / 2.0 ** (bits or 0) if step is None else step
        # A channel without effect has one step for its whole range.
        sizes = np.where(finite & (self.span > 0), size * units, np.maximum(4 * self.span, 2.0**-8))
        levels = level_of(sizes)
        offsets = np.rint(_QUARTERS * self.mean / step_of(levels)).astype("int64")
        return MapQuantiser(levels, 0 * offsets if self.plain else offsets, self.plain)

    def state(self) -> dict[str, Any]:
        """Return the arguments."""
        return dataclasses.asdict(self)

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Self:
        """Return the ranges whose `state` this is."""
        return cls(**state)


def _unit_steps(codec: Decodes, maps: np.ndarray) -> np.ndarray:
    """Return the step of each channel that changes `x` by 1, root mean square, if all places move by it.

    All places move at once, with random signs, so that their effects add up.
    """
    tried = maps[np.unique(np.linspace(0, len(maps) - 1, min(_TRIED, len(maps))).astype(int))]
    spread = maps.std(axis=(0, 1))
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=tried.shape[:2])
    units = np.full(len(spread), np.inf)

    def decoded(codes: np.ndarray) -> np.ndarray:
        return np.asarray(codec.decode(codes.reshape(len(codes), -1).astype("float32")), "float64")

    for number in np.flatnonzero(spread):
        moved = np.zeros(tried.shape)
        moved[:, :, number] = _DISTANCE * spread[number] * signs
        change = float(np.sqrt(np.mean(np.square(decoded(tried + moved) - decoded(tried - moved)))))
        if change > 0:
            units[number] = 2 * _DISTANCE * spread[number] / change
    return units
