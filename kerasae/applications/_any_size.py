"""Images whole: what a codec of crops makes of images of any size."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.metrics import reconstruct
from kerasae.models import Autoencoder, rebuilt
from kerasae.preprocessing import Identity, Preprocessor
from kerasae.spec import Spec

#: Rows of pixels that are compared at a time.
_STRIP = 256


def with_whole_images(data: Data) -> Data:
    """Return data whose test split holds images whole, if its rows are crops of images."""
    whole = getattr(data.test, "whole", None)
    return data if whole is None else dataclasses.replace(data, test=whole())


def has_another_size(raw: Any, spec: Spec) -> bool:
    """Return whether raw examples are images of another size than a model's."""
    return (
        isinstance(raw, np.ndarray)
        and kind_of(spec).is_picture
        and raw.ndim == 4
        and raw.shape[3] == spec.shape[2]
        and raw.shape[1:] != spec.shape
    )


def remade(codec: Codec, images: np.ndarray, spec: Spec) -> np.ndarray:
    """Return what a codec makes of raw images of any size, with the same type.

    A model whose code is a map takes an image whole (`kerasae.models.rebuilt`). Any other codec takes squares
    that do not overlap, so that their edges may show.

    Args:
        codec: Codec of images of one size.
        images: Raw images, `(rows, height, width, channels)`.
        spec: Description of the images of the codec.
    """
    if isinstance(codec, Autoencoder) and len(codec.code_shape) == 3:
        return np.stack([rebuilt(codec, image) for image in images])

    def remake(squares: np.ndarray) -> np.ndarray:
        return np.asarray(codec.inverse_transform(codec.transform(squares)))

    return np.stack([_in_squares(remake, image, spec.shape[:2]) for image in images])


def seen_and_remade(codec: Codec, image: np.ndarray, spec: Spec) -> tuple[np.ndarray, np.ndarray]:
    """Return an image of any size as the network sees it, and what a codec makes of it, as for `remade`.

    Both are `(height, width, channels)`, float32; nothing is rounded.

    Args:
        codec: Codec of images of one size.
        image: Raw image, `(height, width, channels)`.
        spec: Description of the images of the codec.

    Raises:
        ValueError: If the preprocessor of the codec has learned numbers for each pixel.
    """
    view = Identity(spec) if codec.preprocessor is None else codec.preprocessor
    shift, slope = (np.float32(part) for part in at_shape_of(view, image[None]).affine or (0.0, 1.0))
    x = np.subtract(image, shift, dtype="float32")
    x /= slope
    if isinstance(codec, Autoencoder) and len(codec.code_shape) == 3:
        made = rebuilt(codec, image, out=np.empty(image.shape, "float32"))
        made -= shift
        made /= slope
        return x, made
    return x, _in_squares(lambda squares: reconstruct(codec, squares), image, spec.shape[:2])


def _in_squares(
    remake: Callable[[np.ndarray], np.ndarray], image: np.ndarray, size: tuple[int, ...]
) -> np.ndarray:
    """Return what a function makes of an image in squares of a size, band by band.

    The last squares are continued as by a mirror.
    """
    made: Any = None
    rows, columns = (
        np.pad(np.arange(length), (0, -length % side), "symmetric")
        for length, side in zip(image.shape, size, strict=False)
    )
    for start in range(0, len(image), size[0]):
        band = image[rows[start : start + size[0]]][:, columns]
        squares = band.reshape(size[0], -1, size[1], image.shape[2]).swapaxes(0, 1)
        whole = remake(squares).swapaxes(0, 1).reshape(band.shape)
        made = np.empty(image.shape, whole.dtype) if made is None else made
        made[start : start + size[0]] = whole[: len(image) - start, : image.shape[1]]
    return np.asarray(made)


def at_shape_of(preprocessor: Preprocessor, raw: Any) -> Preprocessor:
    """Return a preprocessor for raw examples: itself, or the same for images of another size."""
    if not has_another_size(raw, preprocessor.spec):
        return preprocessor
    return preprocessor.at_shape(raw.shape[1:])


def in_strips(raw: Any, other: Any, spec: Spec) -> Iterator[tuple[Any, Any]]:
    """Give two equal sets of raw examples in parts: large images in strips, all others as they are."""
    if not has_another_size(raw, spec):
        yield raw, other
        return
    for start in range(0, raw.shape[1], _STRIP):
        strip = np.s_[:, start : start + _STRIP]
        yield raw[strip], other[strip]
