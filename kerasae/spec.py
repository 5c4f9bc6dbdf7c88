"""Spec: what one example is."""

import dataclasses
import math
from typing import Any


@dataclasses.dataclass(frozen=True)
class Spec:
    """What one raw example is: its kind, shape, type and range.

    Args:
        kind: `"image"` (height, width, channels) or `"vector"` (features).
        shape: the shape of one example, without the batch.
        dtype: NumPy name of the raw type, which `inverse_transform` restores.
        low: the least value that the kind allows (0 for uint8), or `None` where nothing is known.
        high: the greatest value that the kind allows (255 for uint8), or `None`.
    """

    kind: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    low: float | None = None
    high: float | None = None

    @property
    def size(self) -> int:
        """How many numbers one example has."""
        return math.prod(self.shape)

    def to_dict(self) -> dict[str, Any]:
        """This spec as plain JSON values."""
        return dataclasses.asdict(self) | {"shape": list(self.shape)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Spec":
        """The inverse of `to_dict`."""
        return cls(**{**values, "shape": tuple(values["shape"])})
