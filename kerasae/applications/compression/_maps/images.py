"""Images of any size as content of a file of maps, and back."""

from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np

from kerasae.applications.compression._maps.file import Maps, check_room
from kerasae.applications.compression._maps.quantiser import MapQuantiser
from kerasae.codec import Codec
from kerasae.models import Autoencoder, at_any_size, is_for_any_size, mapped, unmapped


def has_maps(codec: Codec) -> TypeGuard[Autoencoder]:
    """Return whether the codes of a codec are maps of images of any size."""
    return isinstance(codec, Autoencoder) and len(codec.code_shape) == 3 and is_for_any_size(codec)


def side(model: Autoencoder) -> int:
    """Return the number of pixels on a side of the square of a place."""
    return at_any_size(model).side


def code_of(model: Autoencoder, image: np.ndarray) -> np.ndarray:
    """Return the code of a raw image as a map.

    An image whose height or width is no multiple of a square's is continued with its last row and column.
    `mapped` continues it with zeros, as a model does: an edge that would have to be stored.
    """
    square = side(model)
    more = [(0, -size % square) for size in image.shape[:2]]
    if any(end for _, end in more):
        image = np.pad(image, [*more, (0, 0)], "edge")
    return mapped(model, image)


def quantised(
    model: Autoencoder,
    quantiser: MapQuantiser,
    images: Sequence[np.ndarray],
    mark: bytes,
    names: Sequence[str] = (),
) -> Maps:
    """Return raw images, each `(height, width, channels)`, as content of a file.

    Raises:
        ValueError: If one file cannot hold them.
    """
    sizes = [image.shape[:2] for image in images]
    check_room(sizes, side(model), model.code_shape[-1], names)
    codes = [code_of(model, image) for image in images]
    return from_codes(quantiser, codes, sizes, side(model), tuple(model.spec.shape), mark, names)


def from_codes(
    quantiser: MapQuantiser,
    codes: list[np.ndarray],
    sizes: Sequence[Any],
    side: int,
    shape: tuple[int, ...],
    mark: bytes,
    names: Sequence[str] = (),
) -> Maps:
    """Return maps of codes as content of a file."""
    symbols = [quantiser.symbols(code) for code in codes]
    shifts = quantiser.shifts(codes, symbols)
    plain = tuple((int(height), int(width)) for height, width in sizes)
    return Maps(symbols, plain, side, shape, mark, quantiser.steps, quantiser.offsets, shifts, tuple(names))


def restored(model: Autoencoder, maps: Maps) -> list[np.ndarray]:
    """Return the raw images of a file, each in its own size.

    Raises:
        ValueError: If the file has squares of another size than the model, or another number of channels.
    """
    numbers = model.code_shape[-1]
    if (maps.side, len(maps.steps)) != (side(model), numbers):
        raise ValueError(
            f"Expected a file of maps with {numbers} numbers for squares of {side(model)} pixels, received "
            f"{len(maps.steps)} for {maps.side}."
        )
    return [unmapped(model, code, *size) for code, size in zip(maps.codes, maps.sizes, strict=True)]
