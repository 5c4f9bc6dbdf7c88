"""Rate-distortion curves: what is lost against the bits that it takes, codec by codec."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasae.applications.compression._bitstream import Content, write
from kerasae.applications.compression._quantiser import choose, unit_steps
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.evaluation import codes_of
from kerasae.evaluation.metrics import measures
from kerasae.report.canvas import Canvas, legend_label
from kerasae.report.figures import colours

#: Bits of the widest dimension at most, of a curve and of a file.
_CURVE_BITS, _FILE_BITS = 12, 16
#: What a file may lose by rounding unless more is asked for: of the loss without it, or of what a code of
#: means loses more than that.
_OF_LOSS, _OF_CODE = 0.05, 0.005
#: A curve ends where rounding costs no more.
_OF_END = 0.002
#: Validation rows, drawn, from which bits are chosen.
_JUDGED = 1000
#: Components that PCA may have; its steps decide how many of them carry any bits.
MOST_COMPONENTS = 256
#: Rows of each split, drawn, from which steps are chosen.
FITTED = 20_000

#: Bits per row and figures by key, from few bits to many.
Curve = list[tuple[float, dict[str, Any]]]


class Handed:
    """A codec whose codes were worked out before, or read from a file, and are handed out in order.

    Args:
        codec: that decodes them.
        codes: of all rows that will be asked for, `(rows, latent_dim)`.
    """

    def __init__(self, codec: Codec, codes: np.ndarray) -> None:
        self._codec, self._codes, self._place = codec, codes, 0
        self.preprocessor = codec.preprocessor
        self.ordered = getattr(codec, "ordered", True)

    @property
    def latent_dim(self) -> int:
        """Numbers per code."""
        return self._codec.latent_dim

    def transform(self, raw: Any) -> np.ndarray:
        """The codes of the next rows."""
        self._place += len(raw)
        return self._codes[self._place - len(raw) : self._place]

    def decode(self, codes: Any) -> Any:
        """Codes to reconstructions of `x`."""
        return self._codec.decode(codes)

    def inverse_transform(self, codes: np.ndarray) -> Any:
        """Codes to raw examples."""
        return self._codec.inverse_transform(codes)


def fitted_codes(codec: Codec, data: Data) -> np.ndarray:
    """Codes of rows of the training and the validation split, drawn where there are many."""
    splits = [name for name in ("train", "validation") if len(data.split(name))]
    return np.concatenate([codes_of(codec, data.drawn(name, FITTED), name) for name in splits])


def figures_of(codec: Codec, codes: np.ndarray, data: Data) -> dict[str, Any]:
    """What is measured of the test split when it is decoded from these codes."""
    return measures(data).figures(Handed(codec, codes), data, "test")


def enough_bits(codec: Codec, training: np.ndarray, units: np.ndarray, data: Data) -> int:
    """The fewest bits with which rows that were not trained on lose little by rounding.

    Args:
        codec: that is judged.
        training: its codes of training rows.
        units: as `unit_steps` gives them.
        data: whose validation rows are decoded; training rows where there are none.
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


def as_losses(found: Mapping[str, Any], data: Data) -> np.ndarray:
    """The figures by which codecs are judged, as losses: errors, and 1 minus a share."""
    measured = measures(data)
    return np.array(
        [
            found[figure.key] if figure.lower else 1 - found[figure.key]
            for figure in measured.headline
            if figure.key in measured.judged and found[figure.key] is not None
        ]
    )


def curve(codec: Codec, data: Data) -> Curve:
    """The curve of a codec on the test split, every byte of its files counted."""
    training = fitted_codes(codec, data)
    units = unit_steps(codec, training, data.spec)
    codes = codes_of(codec, data, "test")
    without = as_losses(figures_of(codec, codes, data), data)
    found: Curve = []
    for bits in range(1, _CURVE_BITS + 1):
        quantiser = choose(training, units, bits, None)
        content = Content(
            quantiser.symbols(codes), quantiser.steps, quantiser.offsets, data.spec.shape, bytes(8)
        )
        rate = 8 * len(write(content)) / len(codes)
        if found and found[-1][0] == rate:
            # Whole numbers have one quantiser.
            break
        figures = figures_of(codec, content.codes, data)
        found.append((rate, figures))
        if (as_losses(figures, data) <= (1 + _OF_END) * without).all():
            break
    return found


def rate_at(points: Curve, key: str, value: float) -> float | None:
    """Bits per row at which a curve reaches an error, on a line between two points; `None` if beyond."""
    rates, errors = [rate for rate, _ in points], [figures[key] for _, figures in points]
    # The least error at up to so many bits.
    best = np.minimum.accumulate(errors)
    if not best[-1] <= value <= best[0] or best[-1] <= 0:
        return None
    return float(np.exp(np.interp(-np.log(value), -np.log(best), np.log(rates))))


def draw(
    curves: Mapping[str, Curve], keys: Mapping[str, str], here: Mapping[str, tuple[float, float | None]]
) -> Canvas:
    """A panel for each figure.

    Args:
        curves: by name.
        keys: heading of each figure, by key.
        here: where the file of this report lies: bits per row and the figure, by key.
    """
    figure = Canvas(figsize=(max(6.0, 4.6 * len(keys)), 3.8), dpi=110, layout="constrained")
    axes: Sequence[Any] = figure.subplots(1, len(keys), squeeze=False)[0]
    hues = colours(list(curves))
    for place, (key, heading) in zip(axes, keys.items(), strict=True):
        drawn = []
        for name, points in curves.items():
            known = [(rate, found[key]) for rate, found in points if found.get(key) is not None]
            if known:
                line = {"label": legend_label(name), "color": hues[name]}
                place.plot(*zip(*known, strict=True), "o-", markersize=3, **line)
                drawn += [value for _, value in known]
        rate, value = here[key]
        if value is not None:
            place.plot([rate], [value], "*", markersize=12, color="black", label="this file")
        if drawn and min(drawn) > 0:
            place.set_yscale("log")
            # PCA goes on to where nothing is lost, which would flatten all else.
            place.set_ylim(bottom=max(min(drawn), min(found[key] for _, found in curves["model"]) / 10))
        place.set_xscale("log")
        place.set_xlabel("bits per row")
        place.set_ylabel(heading)
        place.grid(alpha=0.3, which="both")
    for place in axes:
        place.legend(fontsize=8)
    return figure
