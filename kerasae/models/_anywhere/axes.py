"""Axis, Part: tiles along an axis of an image, for what is computed in parts."""

import dataclasses
import math
from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class Part:
    """One tile along an axis: the pixels that are seen and those that are kept, and these in the window."""

    seen: slice
    kept: slice
    inside: slice

    def seen_places(self, side: int) -> slice:
        """Return the places of the map whose squares are seen."""
        return _places_of(self.seen, side)

    def kept_places(self, side: int) -> slice:
        """Return the places of the map that are kept."""
        return _places_of(self.kept, side)

    def inside_places(self, side: int) -> slice:
        """Return the kept places in the map of the window."""
        return _places_of(self.inside, side)


def _places_of(pixels: slice, side: int) -> slice:
    return slice(pixels.start // side, -(-pixels.stop // side))


@dataclasses.dataclass(frozen=True)
class Axis:
    """Tiles along an axis of an image. All lengths but `size` are whole squares of the map.

    Args:
        size: Pixels of the image.
        padded: Pixels of the squares that hold it.
        core: Pixels of a tile that are kept.
        reach: Pixels on which a kept one depends, on each side.
        window: Pixels that a tile sees.
    """

    size: int
    padded: int
    core: int
    reach: int
    window: int

    @classmethod
    def of(cls, size: int, tile: int, reach: int, side: int) -> "Axis":
        core, padded = math.ceil(tile / side) * side, math.ceil(size / side) * side
        return cls(size, padded, core, reach, min(padded, core + 2 * reach))

    def tiles(self) -> Iterator[Part]:
        # An image that is little larger than a tile is one tile.
        core = self.padded if self.window == self.padded else self.core
        for start in range(0, self.size, core):
            end = min(start + core, self.size)
            # A window begins at a whole square, and it ends at the end of the image or behind it.
            first = min(max(start - self.reach, 0), self.padded - self.window)
            seen = slice(first, min(first + self.window, self.size))
            yield Part(seen, slice(start, end), slice(start - first, end - first))
