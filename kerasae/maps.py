"""Maps: networks whose code is a map, for images of one size or of another, and what such a map starts as."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops
from scipy.fft import dct

#: Names of the models for images of any size, within those for one size.
ENCODER, DECODER = "map_encoder", "map_decoder"


def sized(
    map_encoder: keras.Model, map_decoder: keras.Model, shape: tuple[int, ...]
) -> tuple[keras.Model, keras.Model]:
    """Return an encoder and a decoder for images of one size, with the weights of those for any size.

    An image whose height or width is no multiple of a square's is continued with zeros, and the
    reconstruction is cut to its size.

    Args:
        map_encoder: Model `ENCODER` from images, `(batch, height, width, channels)`, to maps of features.
        map_decoder: Model `DECODER` from maps of codes, `(batch, rows, columns, numbers)`, to images. Each
            place of a map is a square of as many pixels on a side as its output is larger than its input.
        shape: Height, width and channels of the images.

    Returns:
        The encoder, from images to maps of features, and the decoder, from codes `(batch, rows * columns *
        numbers)` to images.
    """
    square = side_of(map_decoder)
    rows, columns = (math.ceil(size / square) for size in shape[:2])
    more = [(0, rows * square - shape[0]), (0, columns * square - shape[1])]
    x = keras.Input(shape)
    padded = keras.layers.ZeroPadding2D(more)(x) if any(end for _, end in more) else x
    encoder = keras.Model(x, map_encoder(padded), name="encoder")
    numbers = map_decoder.input_shape[-1]
    code = keras.Input((rows * columns * numbers,))
    image = map_decoder(keras.layers.Reshape((rows, columns, numbers))(code))
    if any(end for _, end in more):
        image = keras.layers.Cropping2D(more, dtype="float32")(image)
    return encoder, keras.Model(code, image, name="decoder")


def side_of(map_decoder: keras.Model) -> int:
    """Return the number of pixels on a side of the square for which a place of the map stands."""
    return int(map_decoder.compute_output_shape((None, 1, 1, map_decoder.input_shape[-1]))[1])


def maps_of(encoder: keras.Model, decoder: keras.Model) -> tuple[keras.Model, keras.Model] | None:
    """Return the models for images of any size within those of `sized`; `None` for other networks."""
    parts: list[Any] = [
        next((layer for layer in network.layers if layer.name == name), None)
        for network, name in ((encoder, ENCODER), (decoder, DECODER))
    ]
    return None if None in parts else (parts[0], parts[1])


# Initialisers ------------------------------------------------------------------------------------------


@keras.saving.register_keras_serializable(package="kerasae")
class Cosines(keras.initializers.Initializer):
    """Kernel of the discrete cosine transform of squares, `(side, side, channels, numbers)`.

    The transform is orthonormal and takes the channels as a third axis. Low frequencies come first. Numbers
    beyond those of a square have kernels of 0. As a `Conv2D` whose stride is the side, the kernel computes
    the coefficients of each square, and as a `Conv2DTranspose` it computes the squares from them.

    Reference: Ahmed, Natarajan and Rao 1974, *IEEE Transactions on Computers* C-23(1).
    """

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        side, _, channels, numbers = shape
        # The transform of a single 1 is a wave, `(frequencies, places)`.
        rows, depth = (dct(np.eye(length), norm="ortho", axis=0) for length in (side, channels))
        all_waves = np.einsum("ui,vj,wc->uvwijc", rows, rows, depth)
        frequencies = np.add.outer(np.add.outer(np.arange(side), np.arange(side)), np.arange(channels))
        order = np.argsort(frequencies, axis=None, kind="stable")[:numbers]
        kernel = np.zeros((side, side, channels, numbers))
        kernel[..., : len(order)] = np.moveaxis(all_waves.reshape(-1, side, side, channels)[order], 0, -1)
        return ops.convert_to_tensor(kernel, dtype or "float32")


@keras.saving.register_keras_serializable(package="kerasae")
class Leading(keras.initializers.Initializer):
    """Kernel of a 1 x 1 convolution, `(1, 1, features, numbers)`, whose numbers are the first features.

    `keras.initializers.Identity` is for matrices alone.
    """

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        return ops.reshape(ops.eye(*shape[-2:], dtype=dtype or "float32"), shape)
