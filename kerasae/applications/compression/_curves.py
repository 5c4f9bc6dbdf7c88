"""Rate-distortion curves: the loss at each number of bits, for each codec."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasae.applications.compression._bitstream import MARK, Content, bits_by_row, write
from kerasae.applications.compression._measuring import as_losses, fitted_codes, measured_of
from kerasae.applications.compression._quantiser import Quantiser, Ranges, unit_steps
from kerasae.baselines import fit_baselines
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.metrics import RowInfluences, RowSums, codes_of, jackknife

#: Largest number of bits of the widest dimension.
_BITS = 12
#: Loss by rounding, as a share, below which a curve ends.
_OF_END = 0.002
#: Largest number of components of PCA; its steps decide how many of them use any bits.
_MOST_COMPONENTS = 256


@dataclasses.dataclass(frozen=True)
class Point:
    """Point of a rate-distortion curve.

    Args:
        rate: Bits per row; every byte of the file counts.
        figures: Figures of what comes back, by key.
        bits: Bits that the symbols of each row take in the file, `(rows,)`; `None` for a file that does not
            hold row by row. Defaults to `None`.
        errors: Contribution of each row to the figure `error`; `None` if it is unknown. Defaults to `None`.
    """

    rate: float
    figures: dict[str, Any]
    bits: np.ndarray | None = None
    errors: RowSums | None = None

    @property
    def rate_rows(self) -> RowInfluences | None:
        """Bits per row, and the influence of each row on them; `None` for a file that is not by row."""
        without = self.without_each_row()
        return None if without is None else jackknife(self.rate, without[0])

    def without_each_row(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return bits per row and error if one row is left out, for each row; `None` if this is unknown.

        The histograms of the file stay as they are. Those without the row would change its length little,
        because the histograms are the ones that make it shortest.
        """
        if self.bits is None or self.errors is None or len(self.bits) < 2:
            return None
        rows = len(self.bits)
        totals, counts = self.errors.totals, self.errors.counts
        with np.errstate(invalid="ignore", divide="ignore"):
            errors = (totals.sum() - totals) / (counts.sum() - counts)
        return (self.rate * rows - self.bits) / (rows - 1), errors


#: Points of a codec, from few bits to many.
Curve = Sequence[Point]


def point(codec: Codec, quantiser: Quantiser, codes: np.ndarray, data: Data) -> Point:
    """Return the point of a codec with a quantiser on the test split.

    Args:
        codec: Codec that decodes.
        quantiser: Quantiser.
        codes: Codes of the test split, `(rows, latent_dim)`.
        data: Data with the test split.
    """
    symbols = quantiser.symbols(codes)
    content = Content(symbols, quantiser.steps, quantiser.offsets, data.spec.shape, bytes(MARK))
    packed = write(content)
    figures, rows = measured_of(codec, content.codes, data)
    return Point(8 * len(packed) / len(codes), figures, bits_by_row(packed, symbols), rows.get("error"))


def curve(codec: Codec, ranges: Ranges, data: Data) -> list[Point]:
    """Return the curve of a codec on the test split.

    Args:
        codec: Codec that decodes.
        ranges: Ranges of its training codes.
        data: Data with the test split.
    """
    codes = codes_of(codec, data, "test")
    without = as_losses(measured_of(codec, codes, data)[0], data)
    points: list[Point] = []
    for bits in range(1, _BITS + 1):
        new = point(codec, ranges.quantiser(bits, None), codes, data)
        if points and points[-1].rate == new.rate:
            # Codes that are whole numbers have only one quantiser.
            break
        points.append(new)
        if (as_losses(new.figures, data) <= (1 + _OF_END) * without).all():
            break
    return points


def baseline_curves(latent_dim: int, data: Data) -> dict[str, list[Point]]:
    """Return the curves of the baselines of a code size, and of PCA with more components, by name.

    Args:
        latent_dim: Code size.
        data: Data with the training split, on which they are fitted, and the test split.
    """
    curves: dict[str, list[Point]] = {}
    small, large = (fit_baselines(size, data) for size in (latent_dim, _MOST_COMPONENTS))
    for name, codec in small.items():
        curves[f"{name} {codec.latent_dim}"] = _curve_of(codec, data)
        if not data.spec.vocabulary and large[name].latent_dim != codec.latent_dim:
            curves[f"{name} up to {large[name].latent_dim}"] = _curve_of(large[name], data)
    return curves


def _curve_of(codec: Codec, data: Data) -> list[Point]:
    training = fitted_codes(codec, data)
    return curve(codec, Ranges.of(training, unit_steps(codec, training, data.spec)), data)


def rate_at(points: Curve, error: float) -> float | None:
    """Return the bits per row at which a curve reaches an error, `None` outside.

    The logarithms of both are interpolated.
    """
    return _crossing([one.rate for one in points], [one.figures["error"] for one in points], error)


def rate_rows_at(points: Curve, error: float, without: np.ndarray | None = None) -> RowInfluences | None:
    """Return `rate_at`, and the influence of each row on it; `None` outside, or if this is unknown.

    Args:
        points: Points of the curve.
        error: Error that the curve is to reach.
        without: That error if one row is left out, for each row, `(rows,)`. A curve that is nearly level at a
            fixed error would give it at any rate. Defaults to `None`: the error is fixed.
    """
    rate = rate_at(points, error)
    parts = [part for one in points if (part := one.without_each_row()) is not None]
    if rate is None or len(parts) < len(points):
        return None
    rates, errors = (np.stack(values, axis=1) for values in zip(*parts, strict=True))
    wanted = np.full(len(rates), error) if without is None else without
    crossings = [_crossing(*row) for row in zip(rates, errors, wanted, strict=True)]
    return jackknife(rate, np.array([np.nan if one is None else one for one in crossings]))


def _crossing(
    rates: Sequence[float] | np.ndarray, errors: Sequence[float] | np.ndarray, error: float
) -> float | None:
    # The smallest error with at most so many bits.
    best = np.minimum.accumulate(errors)
    if not best[-1] <= error <= best[0] or best[-1] <= 0:
        return None
    return float(np.exp(np.interp(-np.log(error), -np.log(best), np.log(rates))))
