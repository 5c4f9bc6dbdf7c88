"""rebuilt, mapped, unmapped: an image of any size and its code, in tiles whose seams cannot be seen."""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from kerasae.arguments import check_positive_integer
from kerasae.maps import maps_of, side_of
from kerasae.models._anywhere.any_size import AnySize, at_any_size
from kerasae.models._anywhere.axes import Axis, Part
from kerasae.models._base import Autoencoder


def rebuilt(
    model: Autoencoder, image: np.ndarray, *, tile: int = 512, out: np.ndarray | None = None
) -> np.ndarray:
    """Return what a model makes of an image of any size: its code decoded again.

    A large image is computed in tiles, so that the memory does not grow with it. A tile is surrounded by as
    many pixels as a pixel of the reconstruction depends on. It then equals that part of the reconstruction of
    the whole image, but for the order of sums. The model computes in the precision of its training. In half
    precision a tile is rounded number by number as the whole image is; seams then stay below a thousandth of
    a grey level of 8 bits.

    Args:
        model: Built model whose network is a map, such as `spatial`.
        image: Raw image, `(height, width, channels)`, in the units of the training. It may be a memory map.
        tile: Number of pixels on a side of a tile, without those around it. Defaults to 512.
        out: Array for the result, of the shape of the image, such as a memory map. Of the type of
            `inverse_transform`, it receives the same numbers. Otherwise it is float32 and receives raw units
            that are neither rounded nor clipped. Defaults to `None`, a new array of the type of
            `inverse_transform`.

    Returns:
        `out`, or the new array.

    Raises:
        ValueError: If the model does not work at another size (see `at_size`), or the image or `out` has
            another shape or type.

    Example:
        >>> from kerasae.models import load_model, rebuilt
        >>> clean = rebuilt(load_model("runs/denoiser"), photograph)
    """
    functions = _checked(model, image, tile)
    result, restore = _result(functions, image.shape, out)
    for rows, columns in _tiles(functions, image.shape, tile):
        part = image[rows.seen, columns.seen]
        made = _graph(functions, "reconstruct", part.dtype)(_tensors(functions, part))
        result[rows.kept, columns.kept] = restore(made)[0][rows.inside, columns.inside]
    return result


def mapped(model: Autoencoder, image: np.ndarray, *, tile: int = 512) -> np.ndarray:
    """Return the code of an image of any size as a map, computed in tiles.

    Args:
        model: Built model whose network is a map, such as `spatial`.
        image: Raw image, `(height, width, channels)`, in the units of the training. It may be a memory map.
        tile: Number of pixels on a side of a tile, without those around it. Defaults to 512.

    Returns:
        Code of shape `(rows, columns, numbers)`, float32, with a place for each square of pixels.

    Raises:
        ValueError: If the model does not work at another size (see `at_size`), or the image has another
            shape.

    Example:
        >>> from kerasae.models import mapped, rebuilt, unmapped
        >>> code = mapped(model, photograph)
        >>> again = unmapped(model, code, *photograph.shape[:2])
        >>> np.allclose(again, rebuilt(model, photograph), atol=1e-5)
        True
    """
    functions = _checked(model, image, tile)
    side = functions.side
    result = np.empty((*_places(functions, *image.shape[:2]), functions.numbers), "float32")
    for rows, columns in _tiles(functions, image.shape, tile):
        part = image[rows.seen, columns.seen]
        made = _graph(functions, "encode", part.dtype)(_tensors(functions, part)).numpy()
        inside = rows.inside_places(side), columns.inside_places(side)
        result[rows.kept_places(side), columns.kept_places(side)] = made[0][inside]
    return result


def unmapped(
    model: Autoencoder,
    code_map: np.ndarray,
    height: int,
    width: int,
    *,
    tile: int = 512,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Return the image of any size that a map of codes stands for, computed in tiles.

    Args:
        model: Built model whose network is a map, such as `spatial`.
        code_map: Code of an image as `mapped` returns it, `(rows, columns, numbers)`.
        height: Height of the image in pixels.
        width: Width of the image in pixels.
        tile: Number of pixels on a side of a tile, without those around it. Defaults to 512.
        out: Array for the result, as for `rebuilt`. Defaults to `None`, a new one.

    Returns:
        `out`, or the new array, `(height, width, channels)`.

    Raises:
        ValueError: If the model does not work at another size (see `at_size`), or the map or `out` has
            another shape or type.
    """
    for name, size in (("tile", tile), ("height", height), ("width", width)):
        check_positive_integer(name, size)
    functions = at_any_size(model)
    expected = (*_places(functions, height, width), functions.numbers)
    if code_map.shape != expected:
        raise ValueError(
            f"Expected a map of shape {expected} for an image of {height} x {width} pixels, received shape "
            f"{code_map.shape}."
        )
    result, restore = _result(functions, (height, width, _channels(model)), out)
    decode, side = _graph(functions, "decode", np.dtype("float32")), functions.side
    for rows, columns in _tiles(functions, (height, width), tile):
        part = code_map[rows.seen_places(side), columns.seen_places(side)]
        made = decode(tf.constant(part[None], tf.float32))
        result[rows.kept, columns.kept] = restore(made)[0][rows.inside, columns.inside]
    return result


def _checked(model: Autoencoder, image: np.ndarray, tile: int) -> AnySize:
    """Return the functions of a model.

    Raises:
        ValueError: If the model does not work at another size, or an argument does not fit.
    """
    check_positive_integer("tile", tile)
    functions = at_any_size(model)
    channels = _channels(model)
    if image.ndim != 3 or image.shape[-1] != channels or not image.size:
        raise ValueError(
            f"Expected an image of shape (height, width, {channels}), received shape {image.shape}."
        )
    return functions


def _channels(model: Autoencoder) -> int:
    return int(model.encoder.input_shape[-1])


def _places(functions: AnySize, height: int, width: int) -> tuple[int, int]:
    return -(-height // functions.side), -(-width // functions.side)


def _result(
    functions: AnySize, shape: tuple[int, ...], out: np.ndarray | None
) -> tuple[np.ndarray, Callable[[Any], np.ndarray]]:
    """Return the array for a result, and the function that makes its numbers of `x`.

    Raises:
        ValueError: If the array has another shape or type.
    """
    preprocessor = functions.model.preprocessor
    dtype = np.dtype("float32" if preprocessor is None else functions.model.spec.dtype)
    result = np.empty(shape, dtype) if out is None else out
    if result.shape != shape or result.dtype not in (dtype, np.dtype("float32")):
        types = " or ".join(dict.fromkeys((str(dtype), "float32")))
        raise ValueError(
            f"Expected `out` of shape {shape} and type {types}, received {result.shape} and {result.dtype}."
        )
    if preprocessor is not None and result.dtype == dtype:
        return result, preprocessor.restore
    return result, lambda x: ops.convert_to_numpy(x if preprocessor is None else preprocessor.inverse(x))


def _tensors(functions: AnySize, part: np.ndarray) -> Any:
    """Return a part of a raw image as the batch that `AnySize` takes."""
    preprocessor = functions.model.preprocessor
    if preprocessor is None:
        return part[None]
    sized = preprocessor.at_shape(part.shape)
    return sized.together(sized.tensors(part[None]))


def _graph(functions: AnySize, verb: str, dtype: np.dtype) -> Any:
    """Return a traced function of batches of any size. Tracing costs more than a tile."""
    model = functions.model
    ends = {"encode": _channels(model), "reconstruct": _channels(model), "decode": functions.numbers}
    signature = [tf.TensorSpec((None, None, None, ends[verb]), dtype)]

    def decode(code_map: Any) -> Any:
        rows, columns = (tf.shape(code_map)[axis] * functions.side for axis in (1, 2))
        return functions.decode(code_map, rows, columns)

    verbs = {
        "encode": lambda raw: functions.encode(model._to_x(raw)),
        "reconstruct": lambda raw: functions.reconstruct(model._to_x(raw)),
        "decode": decode,
    }
    key = ("any size", verb, dtype.name)
    return model._graphs.once(
        key, lambda: tf.function(verbs[verb], autograph=False, input_signature=signature)
    )


def _tiles(functions: AnySize, shape: tuple[int, ...], tile: int) -> Iterator[tuple[Part, Part]]:
    """Give the tiles of an image, each as a part of the rows and one of the columns."""
    reach, side = _reach(functions.model)
    rows, columns = (Axis.of(size, tile, reach, side) for size in shape[:2])
    return itertools.product(rows.tiles(), columns.tiles())


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
    encoder_reach, step = _widest(found[0], 1.0)
    reach = encoder_reach + _widest(found[1], step)[0]
    side = side_of(found[1])
    return (math.ceil(reach / side) + 1) * side, side


def _widest(network: keras.Model, step: float) -> tuple[float, float]:
    """Return how many pixels away a pixel can matter on the widest way through a network.

    Args:
        network: Functional model of convolutions.
        step: Pixels between two neighbours of its input.

    Returns:
        Reach in pixels, and the pixels between two neighbours of the output.
    """
    ways = {id(network.inputs[0]): (0.0, step)}
    for layer in network.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        before = [ways[id(tensor)] for tensor in tf.nest.flatten(layer.input)]
        # Ways that meet have the same step.
        reach, step = max(before)
        if isinstance(layer, keras.layers.Conv2DTranspose):
            step /= layer.strides[0]
            reach += layer.kernel_size[0] * step
        elif isinstance(layer, keras.layers.Conv2D):
            reach += layer.kernel_size[0] // 2 * step
            step *= layer.strides[0]
        ways[id(layer.output)] = reach, step
    return ways[id(network.outputs[0])]
