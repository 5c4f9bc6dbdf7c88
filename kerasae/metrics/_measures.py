"""Measures of a codec, by the kind of its examples."""

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.metrics._rows import RowSums


@dataclasses.dataclass(frozen=True)
class Figure:
    """Column of a comparison.

    Args:
        key: Key in the dict that `evaluate` returns.
        heading: Heading in tables.
        lower: Whether lower is better; `None` if it is neither.
        digits: Number of decimals.
        phrase: Name in sentences, if the heading does not fit.
    """

    key: str
    heading: str
    lower: bool | None
    digits: int
    phrase: str = ""


class Measures:
    """Figures of one kind of examples.

    Attributes:
        headline: Columns of a comparison.
        judged: Keys of the figures that decide whether a baseline is beaten.
        notes: Sentences on how the figures are computed.
    """

    headline: ClassVar[tuple[Figure, ...]] = ()
    judged: ClassVar[tuple[str, ...]] = ()
    notes: ClassVar[tuple[str, ...]] = ()

    def measured(self, codec: Codec, data: Data, split: str) -> tuple[dict[str, Any], dict[str, RowSums]]:
        """Measure a codec on a split.

        Returns:
            Figures by key, `None` for undefined ones, and the contribution of each row to the figures that
            decide a comparison, by key.
        """
        raise NotImplementedError

    def figures(self, codec: Codec, data: Data, split: str) -> dict[str, Any]:
        """Return the figures of a codec on a split, by key; `None` for undefined ones."""
        return self.measured(codec, data, split)[0]

    def doubt(self, ours: Callable[[str], Any], theirs: Callable[[str], Any], key: str) -> str:
        """Return a sentence that qualifies a verdict on one figure by the others, or nothing.

        Args:
            ours: Function of a key that returns the figure of a codec.
            theirs: Function of a key that returns the figure of the baseline.
            key: Key of the figure that is judged.
        """
        return ""

    def exact(self, figures: dict[str, Any], key: str) -> bool:
        """Return whether a baseline with these figures is exact in one of those that are judged."""
        return False


def reconstruct(codec: Codec, raw: Any, batch_size: int = 2048) -> np.ndarray:
    """Return reconstructions of `x`, `(rows, ...)`, before any rounding to the raw type."""
    codes = codec.transform(raw)
    parts = [
        np.asarray(codec.decode(codes[start : start + batch_size]))
        for start in range(0, len(codes), batch_size)
    ]
    return np.concatenate(parts)


def codes_of(codec: Codec, data: Data, split: str) -> np.ndarray:
    """Return the codes of a split, `(rows, latent_dim)`."""
    return np.concatenate([codec.transform(raw) for raw in data.split(split).chunks()])
