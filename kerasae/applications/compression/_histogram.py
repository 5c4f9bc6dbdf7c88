"""Histogram: the frequencies of the symbols of a dimension, as a file holds them."""

import dataclasses
import math
from typing import Self

import constriction
import numpy as np

from kerasae.applications.compression._bytes import Reader, as_varint

#: Largest number of symbols of a dimension: probabilities of the coder are multiples of 2^-24.
MOST_SYMBOLS = 2**20
#: 2^(i/4) in units of 2^-24, as whole numbers.
_QUARTERS = (16777216, 19951585, 23726566, 28215802)


@dataclasses.dataclass(frozen=True)
class Histogram:
    """Frequencies of the symbols of a dimension, in bins of equal width.

    Args:
        least: Smallest symbol.
        count: Number of symbols from the smallest to the largest.
        shift: Width of a bin, `2**shift` symbols.
        levels: Level of each bin: 0 for an empty one, otherwise its frequency is `2**(level / per_octave)`.
    """

    least: int
    count: int
    shift: int
    levels: bytes

    @classmethod
    def of(cls, column: np.ndarray, per_octave: int) -> Self:
        """Return the histogram of symbols, `(rows,)`.

        Raises:
            ValueError: If there are too many symbols.
        """
        least, count = int(column.min()), int(column.max() - column.min()) + 1
        if count > MOST_SYMBOLS:
            raise ValueError(
                f"Expected at most {MOST_SYMBOLS:,} steps between the least and the greatest number of a "
                f"dimension, received {count:,}; take a larger `step` or fewer `bits`."
            )
        counts = np.bincount(column - least, minlength=count)
        # A fine histogram codes well but is long itself: the chosen width makes both together shortest.
        candidates = []
        for shift in range(count.bit_length() + 1):
            bins = np.add.reduceat(counts, np.arange(0, count, 1 << shift))
            used = bins[bins > 0]
            bits = float((used * (np.log2(len(column) / used) + shift)).sum()) + 4 * len(bins)
            candidates.append((bits, shift, bins))
        _, shift, bins = min(candidates, key=lambda candidate: candidate[:2])
        high = float(bins.max())
        levels = [round(per_octave * math.log2(n / high)) if n else None for n in bins]
        low = max(min(level for level in levels if level is not None), 1 - 255)
        return cls(least, count, shift, bytes(0 if n is None else max(n, low) - low + 1 for n in levels))

    def probabilities(self, per_octave: int) -> np.ndarray:
        """Return the probability of each symbol, from the smallest on, `(count,)`."""
        step = 4 // per_octave
        top = max(self.levels)
        # Levels count from the largest, so that no weight exceeds the range of a float.
        weights = [
            _QUARTERS[-(top - n) * step % 4] * 2.0 ** -math.ceil((top - n) * step / 4) if n else 0.0
            for n in self.levels
        ]
        each = np.repeat(np.array(weights), 1 << self.shift)[: self.count]
        return np.asarray(each / each.sum())

    def model(self, per_octave: int) -> "constriction.stream.model.Categorical":
        """Return the entropy model of symbols from 0."""
        return constriction.stream.model.Categorical(self.probabilities(per_octave), perfect=False)

    def to_bytes(self) -> bytes:
        """Return the histogram as it is stored."""
        zigzag = 2 * self.least if self.least >= 0 else -2 * self.least - 1
        return b"".join([as_varint(zigzag), as_varint(self.count), as_varint(self.shift), self.levels])

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read what `to_bytes` returned.

        Raises:
            ValueError: If it contradicts itself.
        """
        zigzag, count, shift = reader.varint(), reader.varint(), reader.varint()
        least = -(zigzag + 1) // 2 if zigzag & 1 else zigzag // 2
        if not 0 < count <= MOST_SYMBOLS or shift > MOST_SYMBOLS.bit_length() or abs(least) >= 2**62:
            raise ValueError(f"a dimension of {count} symbols from {least} in bins of 2^{shift}")
        levels = reader.take(-(-count >> shift))
        if count > 1 and not any(levels):
            raise ValueError("a dimension in which no symbol occurs")
        return cls(least, count, shift, levels)
