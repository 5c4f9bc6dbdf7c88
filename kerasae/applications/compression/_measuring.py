"""Figures of a codec from codes that were stored."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasae.applications.compression._quantiser import Ranges
from kerasae.codec import Codec, is_ordered
from kerasae.data import Data
from kerasae.metrics import RowSums, codes_of
from kerasae.metrics.measures import measures_of

#: Largest number of bits of the widest dimension of a file.
_FILE_BITS = 16
#: Largest loss by rounding for the default bits, as a share of the loss without rounding, or of what the
#: mean code loses beyond that.
_OF_LOSS, _OF_CODE = 0.05, 0.005
#: Number of validation rows in the sample that chooses the bits.
_JUDGED = 1000
#: Number of rows of each split in the sample that chooses the steps.
FITTED = 20_000


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


def fitted_codes(codec: Codec, data: Data, most: int = FITTED) -> np.ndarray:
    """Return codes of rows of the training and the validation split, subsampled if there are many."""
    splits = [name for name in ("train", "validation") if len(data.split(name))]
    return np.concatenate([codes_of(codec, data.drawn(name, most), name) for name in splits])


def measured_of(codec: Codec, codes: np.ndarray, data: Data) -> tuple[dict[str, Any], dict[str, RowSums]]:
    """Return the figures of the test split, decoded from these codes, and the contributions of the rows."""
    return measures_of(data.spec).measured(Handed(codec, codes), data, "test")


def enough_bits(codec: Codec, training: np.ndarray, ranges: Ranges, data: Data) -> int:
    """Return the fewest bits with which the loss on rows outside the training rises little by rounding.

    Args:
        codec: Codec that is measured.
        training: Its codes of training rows, `(rows, latent_dim)`.
        ranges: Ranges of these codes.
        data: Data whose validation rows are decoded; training rows if there are none.
    """
    split = data.validation if len(data.validation) else data.train
    judged = dataclasses.replace(data, test=split.drawn(_JUDGED))
    codes = codes_of(codec, judged, "test")

    def losses(some_codes: np.ndarray) -> np.ndarray:
        return as_losses(measured_of(codec, some_codes, judged)[0], judged)

    without = losses(codes)
    means = losses(np.tile(training.mean(axis=0).astype("float32"), (len(codes), 1)))
    allowed = without + np.maximum(_OF_LOSS * without, _OF_CODE * np.abs(means - without))
    for bits in range(1, _FILE_BITS):
        quantiser = ranges.quantiser(bits, None)
        if (losses(quantiser.codes(quantiser.symbols(codes))) <= allowed).all():
            return bits
    return _FILE_BITS


def as_losses(figures: Mapping[str, Any], data: Data) -> np.ndarray:
    """Return the figures by which codecs are compared, as losses: errors, and 1 minus a share."""
    return np.array(
        [
            figures[metric.key] if metric.lower else 1 - figures[metric.key]
            for metric in measures_of(data.spec).deciding
            if figures[metric.key] is not None
        ]
    )
