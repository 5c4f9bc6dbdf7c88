"""rebuilt: the reconstruction of an image of any size, in tiles whose seams cannot be seen."""

import dataclasses
import math
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from kerasae.arguments import check_positive_integer
from kerasae.maps import maps_of, side_of
from kerasae.models._base import Autoencoder
from kerasae.models._sizes import at_size
from kerasae.models._wiring import all_layers


def rebuilt(
    model: Autoencoder, image: np.ndarray, *, tile: int = 512, out: np.ndarray | None = None
) -> np.ndarray:
    """Return what a model makes of an image of any size: its code decoded again.

    A large image is computed in tiles, so that the memory does not grow with it. A tile is surrounded by as
    many pixels as a pixel of the reconstruction depends on. It then equals that part of the reconstruction of
    the whole image, but for the order of sums.

    Args:
        model: Built model whose network is a map, such as `spatial`.
        image: Raw image, `(height, width, channels)`, in the units of the training. It may be a memory map.
        tile: Pixels on a side of a tile, without those around it. Defaults to 512.
        out: Array for the result, of the shape of the image and the type of `inverse_transform`, such as a
            memory map. Defaults to `None`, a new one.

    Returns:
        `out`, or the new array.

    Raises:
        ValueError: If the model does not work at another size (see `at_size`), or the image or `out` has
            another shape or type.

    Example:
        >>> clean = kerasae.models.rebuilt(kerasae.load_model("runs/denoiser"), photograph)
    """
    check_positive_integer("tile", tile)
    channels = model.encoder.input_shape[-1]
    if image.ndim != 3 or image.shape[-1] != channels or not image.size:
        raise ValueError(
            f"Expected an image of shape (height, width, {channels}), received shape {image.shape}."
        )
    dtype = np.dtype("float32" if model.preprocessor is None else model.spec.dtype)
    result = np.empty(image.shape, dtype) if out is None else out
    if (result.shape, result.dtype) != (image.shape, dtype):
        raise ValueError(
            f"Expected `out` of shape {image.shape} and type {dtype}, received {result.shape} and "
            f"{result.dtype}."
        )
    reach, side = _reach(model)
    axes = [_Axis.of(size, tile, reach, side) for size in image.shape[:2]]
    whole = at_size(model, *(axis.window for axis in axes))
    signature = [tf.TensorSpec((1, *whole.encoder.input_shape[1:]), tf.float32)]
    graph = tf.function(lambda x: whole.decode(whole.encode(x)), input_signature=signature)
    for rows in axes[0].tiles():
        for columns in axes[1].tiles():
            part = image[rows.seen, columns.seen]
            height, width = part.shape[:2]
            more = [(0, axis.window - size) for axis, size in zip(axes, (height, width), strict=True)]
            x = np.array(whole._to_x(whole._tensors(np.pad(part, (*more, (0, 0)), "edge")[None])))
            # Behind its end an image is continued with zeros of `x`.
            x[:, height:], x[:, :, width:] = 0, 0
            made = graph(x).numpy()
            if whole.preprocessor is not None:
                made = whole.preprocessor.restore(made)
            result[rows.kept, columns.kept] = made[0][rows.inside, columns.inside]
    return result


def _reach(model: Autoencoder) -> tuple[int, int]:
    """Return how many pixels away a pixel can matter for one of the reconstruction, and the side of a square.

    It is the sum of half the kernels on the way, in pixels of the image, rounded up to whole squares, and one
    square more, for kernels of an even length.

    Raises:
        ValueError: If the code of the model is no map.
    """
    found = maps_of(model.encoder, model.decoder)
    if found is None:
        raise ValueError(
            "Expected a model whose code is a map, which works on images of any size, received one for "
            f"examples of shape {model.spec.shape} alone; train one with --network spatial."
        )
    reach, step = 0.0, 1.0
    for layer in (part for network in found for part in all_layers(network)):
        if isinstance(layer, keras.layers.Conv2DTranspose):
            step /= layer.strides[0]
            reach += layer.kernel_size[0] * step
        elif isinstance(layer, keras.layers.Conv2D):
            reach += layer.kernel_size[0] // 2 * step
            step *= layer.strides[0]
    side = side_of(found[1])
    return (math.ceil(reach / side) + 1) * side, side


@dataclasses.dataclass(frozen=True)
class _Part:
    """One tile along an axis: the pixels that are seen and those that are kept, and these in the window."""

    seen: slice
    kept: slice
    inside: slice


@dataclasses.dataclass(frozen=True)
class _Axis:
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
    def of(cls, size: int, tile: int, reach: int, side: int) -> "_Axis":
        core, padded = math.ceil(tile / side) * side, math.ceil(size / side) * side
        return cls(size, padded, core, reach, min(padded, core + 2 * reach))

    def tiles(self) -> Iterator[_Part]:
        # An image that is little larger than a tile is one tile.
        core = self.padded if self.window == self.padded else self.core
        for start in range(0, self.size, core):
            end = min(start + core, self.size)
            # A window begins at a whole square, and it ends at the end of the image or behind it.
            first = min(max(start - self.reach, 0), self.padded - self.window)
            seen = slice(first, min(first + self.window, self.size))
            yield _Part(seen, slice(start, end), slice(start - first, end - first))
