"""Rate-distortion curves: the loss at each number of bits, for each codec."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasae.applications.compression._bitstream import Content, write
from kerasae.applications.compression._quantiser import choose, unit_steps
from kerasae.codec import Codec, is_ordered
from kerasae.data import Data
from kerasae.metrics import codes_of
from kerasae.metrics.measures import measures_of
from kerasae.report.canvas import Canvas, legend_label
from kerasae.report.figures import colours

#: Largest number of bits of the widest dimension, for a curve and for a file.
_CURVE_BITS, _FILE_BITS = 12, 16
#: Largest loss by rounding for the default bits, as a share of the loss without rounding, or of what the
#: mean code loses beyond that.
_OF_LOSS, _OF_CODE = 0.05, 0.005
#: Loss by rounding, as a share, below which a curve ends.
_OF_END = 0.002
#: Number of validation rows in the sample that chooses the bits.
_JUDGED = 1000
#: Largest number of components of PCA; its steps decide how many of them use any bits.
MOST_COMPONENTS = 256
#: Number of rows of each split in the sample that chooses the steps.
FITTED = 20_000

#: Bits per row and figures by key, from few bits to many.
Curve = list[tuple[float, dict[str, Any]]]


class Handed:
    """Codec that returns precomputed or stored codes in order.

    Args:
        codec: Codec that decodes them.
        codes: Codes of all rows that will be requested, `(rows, latent_dim)`.
    """

    def __init__(self, codec: Codec, codes: np.ndarray) -> None:
        self._codec, self._codes, self._place = codec, codes, 0
        self.preprocessor = codec.preprocessor
        self.ordered = is_ordered(codec)

    @property
    def latent_dim(self) -> int:
        """Code size."""
        return self._codec.latent_dim

    def transform(self, raw: Any) -> np.ndarray:
        """Return the codes of the next rows."""
        self._place += len(raw)
        return self._codes[self._place - len(raw) : self._place]

    def decode(self, codes: Any) -> Any:
        """Decode codes to reconstructions of `x`."""
        return self._codec.decode(codes)

    def inverse_transform(self, codes: np.ndarray) -> Any:
        """Decode codes to raw examples."""
        return self._codec.inverse_transform(codes)


def fitted_codes(codec: Codec, data: Data) -> np.ndarray:
    """Return codes of rows of the training and the validation split, subsampled if there are many."""
    splits = [name for name in ("train", "validation") if len(data.split(name))]
    return np.concatenate([codes_of(codec, data.drawn(name, FITTED), name) for name in splits])


def figures_of(codec: Codec, codes: np.ndarray, data: Data) -> dict[str, Any]:
    """Return the figures of the test split, decoded from these codes."""
    return measures_of(data.spec).figures(Handed(codec, codes), data, "test")


def enough_bits(codec: Codec, training: np.ndarray, units: np.ndarray, data: Data) -> int:
    """Return the fewest bits with which the loss on rows outside the training rises little by rounding.

    Args:
        codec: Codec that is measured.
        training: Its codes of training rows, `(rows, latent_dim)`.
        units: Result of `unit_steps`.
        data: Data whose validation rows are decoded; training rows if there are none.
    """
    split = data.validation if len(data.validation) else data.train
    judged = dataclasses.replace(data, test=split.drawn(_JUDGED))
    codes = codes_of(codec, judged, "test")
    without = as_losses(figures_of(codec, codes, judged), judged)
    middle = np.tile(training.mean(axis=0).astype("float32"), (len(codes), 1))
    means = as_losses(figures_of(codec, middle, judged), judged)
    allowed = without + np.maximum(_OF_LOSS * without, _OF_CODE * np.abs(means - without))
    for bits in range(1, _FILE_BITS):
        quantiser = choose(training, units, bits, None)
        rounded = quantiser.codes(quantiser.symbols(codes))
        if (as_losses(figures_of(codec, rounded, judged), judged) <= allowed).all():
            return bits
    return _FILE_BITS


def as_losses(measured_figures: Mapping[str, Any], data: Data) -> np.ndarray:
    """Return the figures by which codecs are compared, as losses: errors, and 1 minus a share."""
    return np.array(
        [
            measured_figures[metric.key] if metric.lower else 1 - measured_figures[metric.key]
            for metric in measures_of(data.spec).deciding
            if measured_figures[metric.key] is not None
        ]
    )


def curve(codec: Codec, data: Data) -> Curve:
    """Return the curve of a codec on the test split; every byte of its files counts."""
    training = fitted_codes(codec, data)
    units = unit_steps(codec, training, data.spec)
    codes = codes_of(codec, data, "test")
    without = as_losses(figures_of(codec, codes, data), data)
    points: Curve = []
    for bits in range(1, _CURVE_BITS + 1):
        quantiser = choose(training, units, bits, None)
        content = Content(
            quantiser.symbols(codes), quantiser.steps, quantiser.offsets, data.spec.shape, bytes(8)
        )
        rate = 8 * len(write(content)) / len(codes)
        if points and points[-1][0] == rate:
            # Codes that are whole numbers have only one quantiser.
            break
        figures = figures_of(codec, content.codes, data)
        points.append((rate, figures))
        if (as_losses(figures, data) <= (1 + _OF_END) * without).all():
            break
    return points


def rate_at(points: Curve, key: str, value: float) -> float | None:
    """Return the bits per row at which a curve reaches an error, by linear interpolation; `None` outside."""
    rates, errors = [rate for rate, _ in points], [figures[key] for _, figures in points]
    # The smallest error with at most so many bits.
    best = np.minimum.accumulate(errors)
    if not best[-1] <= value <= best[0] or best[-1] <= 0:
        return None
    return float(np.exp(np.interp(-np.log(value), -np.log(best), np.log(rates))))


def draw(
    curves: Mapping[str, Curve], keys: Mapping[str, str], here: Mapping[str, tuple[float, float | None]]
) -> Canvas:
    """Draw a panel for each figure.

    Args:
        curves: Curves by name.
        keys: Heading of each figure, by key.
        here: Bits per row and figure of the file of this report, by key.
    """
    figure = Canvas(figsize=(max(6.0, 4.6 * len(keys)), 3.8), dpi=110, layout="constrained")
    axes: Sequence[Any] = figure.subplots(1, len(keys), squeeze=False)[0]
    hues = colours(list(curves))
    for place, (key, heading) in zip(axes, keys.items(), strict=True):
        drawn = []
        for name, points in curves.items():
            known = [
                (rate, point_figures[key])
                for rate, point_figures in points
                if point_figures.get(key) is not None
            ]
            if known:
                line = {"label": legend_label(name), "color": hues[name]}
                place.plot(*zip(*known, strict=True), "o-", markersize=3, **line)
                drawn += [value for _, value in known]
        rate, value = here[key]
        if value is not None:
            place.plot([rate], [value], "*", markersize=12, color="black", label="this file")
        if drawn and min(drawn) > 0:
            place.set_yscale("log")
            # The curve of PCA reaches zero loss, which would flatten all others.
            place.set_ylim(
                bottom=max(min(drawn), min(point_figures[key] for _, point_figures in curves["model"]) / 10)
            )
        place.set_xscale("log")
        place.set_xlabel("bits per row")
        place.set_ylabel(heading)
        place.grid(alpha=0.3, which="both")
    for place in axes:
        place.legend(fontsize=8)
    return figure
