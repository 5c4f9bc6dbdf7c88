"""What is measured of a codec, by the kind of its examples."""

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.evaluation._rows import RowSums


@dataclasses.dataclass(frozen=True)
class Figure:
    """A column of a comparison.

    Args:
        key: in the dict that `evaluate` gives.
        heading: in tables.
        lower: whether lower is better; `None` where it is neither.
        digits: shown after the point.
        phrase: in sentences, where the heading does not fit one.
    """

    key: str
    heading: str
    lower: bool | None
    digits: int
    phrase: str = ""


class Measures:
    """The figures of one kind of examples, and the baselines that a sceptic would ask for.

    Attributes:
        headline: columns of a comparison.
        judged: keys of those that decide whether a baseline is beaten.
        notes: how the figures are obtained, in sentences.
    """

    headline: ClassVar[tuple[Figure, ...]] = ()
    judged: ClassVar[tuple[str, ...]] = ()
    notes: ClassVar[tuple[str, ...]] = ()

    def measured(self, codec: Codec, data: Data, split: str) -> tuple[dict[str, Any], dict[str, RowSums]]:
        """What a codec does on a split.

        Returns:
            The figures by key, `None` where one has no meaning, and for those that decide a comparison
            what each row adds to them.
        """
        raise NotImplementedError

    def figures(self, codec: Codec, data: Data, split: str) -> dict[str, Any]:
        """What a codec does on a split, by key; `None` where a figure has no meaning."""
        return self.measured(codec, data, split)[0]

    def baselines(self, latent_dim: int, data: Data) -> dict[str, Codec]:
        """Fitted codecs of this code size, by name."""
        raise NotImplementedError

    def doubt(self, ours: Callable[[str], Any], theirs: Callable[[str], Any], key: str) -> str:
        """What to add to a verdict on one figure in the light of the others, or nothing.

        Args:
            ours: from a key to the figure of a codec.
            theirs: the same of the baseline.
            key: the figure judged.
        """
        return ""

    def exact(self, figures: dict[str, Any], key: str) -> bool:
        """Whether a baseline with these figures leaves nothing to beat in one of those judged."""
        return False


def reconstruct(codec: Codec, raw: Any, batch_size: int = 2048) -> np.ndarray:
    """Reconstructions of `x`, `(rows, ...)`, before any rounding to the raw type."""
    codes = codec.transform(raw)
    parts = [
        np.asarray(codec.decode(codes[start : start + batch_size]))
        for start in range(0, len(codes), batch_size)
    ]
    return np.concatenate(parts)


def codes_of(codec: Codec, data: Data, split: str) -> np.ndarray:
    """Codes of a split, `(rows, latent_dim)`."""
    return np.concatenate([codec.transform(raw) for raw in data.split(split).chunks()])
