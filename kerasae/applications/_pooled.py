"""Pooled codes: a code that is a map, without its places, for applications that compare codes."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from kerasae.applications._any_size import has_another_size
from kerasae.applications._arguments import check_choices
from kerasae.codec import Codec
from kerasae.models import Autoencoder, at_size

Pool = Literal["mean", "moments", "whole"]

#: Functions from maps, `(rows, height, width, channels)`, to pooled codes, `(rows, numbers)`, by name.
_POOLS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda maps: maps.mean(axis=(1, 2)),
    "moments": lambda maps: np.concatenate([maps.mean(axis=(1, 2)), maps.std(axis=(1, 2))], axis=1),
}
#: Number of pooled numbers for each channel of a map, by name.
_NUMBERS = {"mean": 1, "moments": 2}
_WORDS = {"mean": "mean", "moments": "mean and the standard deviation"}


class Pooled:
    """Codec whose codes are statistics of each channel of a map over its places.

    Images that show the same thing at different places have nearly the same pooled code. Its size does not
    depend on that of the image, so that images of any size can be compared. A pooled code cannot be decoded.

    Args:
        codec: Codec whose code is a map, with the attribute `code_shape`.
        pool: Name of the statistics: `"mean"`, or `"moments"`, the mean and the standard deviation.
    """

    def __init__(self, codec: Codec, pool: Literal["mean", "moments"]) -> None:
        self.codec = codec
        self.pool = pool
        self.preprocessor: Any = codec.preprocessor
        self._last: Any = None

    @property
    def latent_dim(self) -> int:
        """Code size: the number of entries of a pooled code."""
        return _NUMBERS[self.pool] * self._map_shape[-1]

    @property
    def _map_shape(self) -> tuple[int, ...]:
        shape = map_shape(self.codec)
        if shape is None:
            raise ValueError("Expected a codec whose code is a map, received one whose code is a vector.")
        return shape

    def transform(self, raw: Any) -> np.ndarray:
        """Encode raw images, `(rows, height, width, channels)`, as pooled codes, `(rows, latent_dim)`.

        The images may have another size than those of the training, if the codec is a model.
        """
        codec: Any = self._for_size_of(raw)
        maps = codec.transform(raw).reshape(-1, *codec.code_shape)
        return np.asarray(_POOLS[self.pool](maps), "float32")

    def inverse_transform(self, codes: Any) -> Any:
        """Raise ValueError, because a pooled code has no places to decode."""
        raise ValueError(
            "Expected the code of an image to decode, received a pooled one, which has lost its places; "
            "compare whole codes (--pool whole)."
        )

    decode = inverse_transform

    def _for_size_of(self, raw: Any) -> Codec:
        """Return the codec for the size of some images, which is kept for the next ones."""
        if not isinstance(self.codec, Autoencoder) or not has_another_size(raw, self.codec.spec):
            return self.codec
        size = raw.shape[1:3]
        if self._last is None or self._last[0] != size:
            self._last = size, at_size(self.codec, *size)
        return self._last[1]


def map_shape(codec: Codec) -> tuple[int, ...] | None:
    """Return the rows, columns and channels of a code that is a map, and `None` for any other code."""
    shape = getattr(codec, "code_shape", None)
    return shape if shape is not None and len(shape) == 3 else None


def compared(codec: Codec, pool: Pool | None) -> Any:
    """Return the codec whose codes are to be compared: `codec`, or its pooled codes.

    Args:
        codec: Codec that maps raw examples to codes.
        pool: Statistics of a code that is a map. `None` means `"moments"` for a map, and `"whole"` for any
            other code.

    Raises:
        ValueError: If `pool` is unknown, or names statistics for a code that is no map.
    """
    check_choices([*_POOLS, "whole"], pool=pool)
    is_map = map_shape(codec) is not None
    if pool is None:
        pool = "moments" if is_map else "whole"
    if pool == "whole":
        return codec
    if not is_map:
        raise ValueError(
            f"`pool` must be whole for a code that is no map, received {pool!r}; leave it out, or train a "
            "model with --network spatial."
        )
    return Pooled(codec, pool)


def pool_of(codec: Codec) -> str:
    """Return the name of the statistics of what `compared` returned."""
    return codec.pool if isinstance(codec, Pooled) else "whole"


def note_on_pooling(codec: Codec) -> list[str]:
    """Return a sentence on how codes that are maps are compared; none for other codes.

    Args:
        codec: What `compared` returned.
    """
    shape = map_shape(codec.codec if isinstance(codec, Pooled) else codec)
    if shape is None:
        return []
    a_map = f"A code is a map of {shape[0]:,} x {shape[1]:,} places with {shape[2]:,} numbers each"
    if not isinstance(codec, Pooled):
        return [f"{a_map}. Maps are compared place by place (pool: whole)."]
    return [
        f"{a_map}. The {_WORDS[codec.pool]} of each number over the places are compared (pool: "
        f"{codec.pool}), {codec.latent_dim:,} numbers an example, so that it hardly matters where something "
        "is in an image. Baselines have as many numbers. Whole maps (--pool whole) tell images apart better "
        "whose subject is always at the same place."
    ]
