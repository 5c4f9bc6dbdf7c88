"""Decoding of PNG and JPEG files, the same in training, in applications and on a server."""

import functools
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from kerasae.image_decoding.exif import is_jpeg, is_png, orientation

#: Weights of red, green and blue in a grey image, from ITU-R BT.601, as in JPEG and Pillow.
_GREY = (0.299, 0.587, 0.114)
#: Rows of pixels that become grey at a time.
_STRIP = 256
#: Factor between the same grey in 8 and in 16 bits.
_EIGHT_IN_SIXTEEN = 257
#: Position of the number of bits per channel in a PNG file.
_PNG_DEPTH = 24

NO_IMAGE = "no PNG or JPEG image"
DAMAGED = "a damaged PNG or JPEG image"
TOO_DEEP = (
    "a PNG with 16 bits a channel, of which a network would see 8; save it with 8 bits, or all images as one "
    "uint16 array in a .npy file"
)
TRANSPARENT = (
    "an image with transparent pixels, whose colour is not defined; put it on a background and save it "
    "without transparency"
)


def decode_image(content: Any, shape: Sequence[int | None], turn: Any = None, dtype: str = "uint8") -> Any:
    """Decode a file to an image of a given shape, safely in a graph.

    The image is turned upright by its EXIF orientation. If it has another size, it is resized by averaging
    over areas. Grey, palette, CMYK and colour images are all read: colour becomes grey by ITU-R BT.601, and
    grey becomes colour with three equal channels. An alpha channel is kept if `shape` has four channels;
    otherwise it must be opaque everywhere.

    Args:
        content: Bytes of a PNG or JPEG file, a scalar string.
        shape: Shape of the image, `(height, width, channels)`, with 1, 3 or 4 channels. Height and width may
            be `None`: the size of the file is kept.
        turn: EXIF orientation, from 1 to 8. Defaults to `None`, which reads it from the file.
        dtype: Type of the pixels, `"uint8"` or `"uint16"`. In 16 bits the numbers of a file with 8 bits are
            multiplied by 257, so that white stays white. Defaults to `"uint8"`, which refuses a PNG file with
            16 bits a channel.

    Returns:
        A tensor of type `dtype` and shape `(height, width, channels)`.

    Raises:
        tf.errors.InvalidArgumentError: If the file is damaged or not supported; see `refusal`.
    """
    turn = _orientation(content) if turn is None else tf.cast(turn, tf.int32)
    return _decoder(tuple(shape), dtype)(content, turn)


def decode_plain(content: Any, shape: Sequence[int]) -> Any:
    """Decode a file whose pixels are those of the image, in a small part of the time of `decode_image`.

    Args:
        content: Bytes of a PNG or JPEG file, a scalar string, with 8 bits a channel, without transparency,
            palette or EXIF orientation; a file with 1 channel is grey, and one with 3 has colour.
        shape: Shape of the image in the file, `(height, width, channels)`, with 1 or 3 channels.

    Returns:
        The same tensor as `decode_image`, uint8, `(height, width, channels)`.

    Raises:
        tf.errors.InvalidArgumentError: If the file is damaged or has another size.
    """
    # The operation takes JPEG files too.
    image = tf.io.decode_png(content, channels=shape[-1])
    return tf.ensure_shape(image, shape)


@functools.cache
def _decoder(shape: tuple[int | None, ...], dtype: str) -> Any:
    """Return the graph for a shape and a type. It is traced once, although every pass needs it."""

    @tf.function(autograph=False, input_signature=[tf.TensorSpec((), tf.string), tf.TensorSpec((), tf.int32)])
    def decode(content: Any, turn: Any) -> Any:
        checks = [tf.debugging.Assert(is_png(content) | is_jpeg(content), [NO_IMAGE])]
        if dtype == "uint8":
            checks.append(tf.debugging.Assert(~_is_deep(content), [TOO_DEEP]))
        with tf.control_dependencies(checks):
            image = _decoded(tf.identity(content), tf.as_dtype(dtype))
        if shape[-1] != 4:
            with tf.control_dependencies([tf.debugging.Assert(_is_opaque(image), [TRANSPARENT])]):
                image = _grey(image) if shape[-1] == 1 else image[..., :3]
        image = upright(image, turn)
        if None in shape[:2]:
            return tf.ensure_shape(image, shape)
        fits = tf.reduce_all(tf.equal(tf.shape(image)[:2], shape[:2]))
        return tf.ensure_shape(tf.cond(fits, lambda: image, lambda: _resized(image, shape)), shape)

    return decode


def upright(image: Any, turn: Any) -> Any:
    """Turn and mirror an image, `(height, width, channels)`, by its EXIF orientation, from 1 to 8."""

    def one_of(codes: Sequence[int]) -> Any:
        return tf.reduce_any(tf.equal(turn, codes))

    image = tf.cond(turn >= 5, lambda: tf.transpose(image, (1, 0, 2)), lambda: image)
    image = tf.cond(one_of([2, 3, 6, 7]), lambda: tf.reverse(image, [1]), lambda: image)
    return tf.cond(one_of([3, 4, 7, 8]), lambda: tf.reverse(image, [0]), lambda: image)


def find_orientation(content: bytes) -> int:
    """Return the EXIF orientation of a file, from 1 to 8."""
    return int(_orientation(tf.constant(content)))


def refusal(content: bytes, *, transparent: bool, dtype: str = "uint8") -> str:
    """Explain why `decode_image` refuses a file.

    Args:
        content: Bytes of the file.
        transparent: Whether the file may have transparent pixels, which an image of 1 or 3 channels cannot
            hold.
        dtype: Type of the pixels, `"uint8"` or `"uint16"`. Defaults to `"uint8"`.

    Returns:
        The reason, as the end of a message; empty if the file is accepted.
    """
    content = tf.constant(content)
    if not bool(is_png(content) | is_jpeg(content)):
        return NO_IMAGE
    if dtype == "uint8" and is_deep(content):
        return TOO_DEEP
    try:
        image = _decoded(content, tf.as_dtype(dtype))
    except tf.errors.OpError:
        # Other libraries may still read the file.
        return DAMAGED
    if transparent and not bool(_is_opaque(image)):
        return TRANSPARENT
    return ""


@tf.function(autograph=False, input_signature=[tf.TensorSpec((), tf.string)])
def _orientation(content: Any) -> Any:
    return orientation(content)


def is_deep(content: Any) -> bool:
    """Return whether a file is a PNG file with 16 bits per channel, outside a graph."""
    return bool(_is_deep(tf.constant(content)))


def _is_deep(content: Any) -> Any:
    """Return whether a file is a PNG file with 16 bits per channel."""
    long_enough = tf.strings.length(content) > _PNG_DEPTH
    depth = tf.strings.substr(content, tf.where(long_enough, _PNG_DEPTH, 0), 1)
    return is_png(content) & long_enough & tf.equal(depth, b"\x10")


def _decoded(content: Any, dtype: tf.DType) -> Any:
    """Decode a file to red, green, blue and alpha, `(height, width, 4)`, with palettes and colour keys."""
    image = tf.cond(is_png(content), lambda: _of_png(content, dtype), lambda: _of_jpeg(content, dtype))
    return tf.ensure_shape(image, (None, None, 4))


def _of_jpeg(content: Any, dtype: tf.DType) -> Any:
    image = tf.cast(tf.io.decode_jpeg(content, channels=3), dtype)
    if dtype != tf.uint8:
        image *= _EIGHT_IN_SIXTEEN
    return tf.concat(
        [image, tf.fill((*tf.unstack(tf.shape(image)[:2]), 1), tf.constant(dtype.max, dtype))], -1
    )


def _of_png(content: Any, dtype: tf.DType) -> Any:
    image = tf.io.decode_png(content, channels=4, dtype=dtype)
    # TensorFlow fills alpha with the largest number of the bit depth, if a file has less than 8 bits.
    depth = tf.cast(tf.io.decode_raw(tf.strings.substr(content, _PNG_DEPTH, 1), tf.uint8), tf.int32)[0]
    # A large image is not copied where nothing is to be mended, as in nearly all files.
    return tf.cond(depth < 8, lambda: _with_full_alpha(image, depth), lambda: image)


def _with_full_alpha(image: Any, depth: Any) -> Any:
    """Return an image of less than 8 bits whose alpha is the largest number if it was filled."""
    unit = 1 if image.dtype == tf.uint8 else _EIGHT_IN_SIXTEEN
    filled = tf.cast(unit * (tf.bitwise.left_shift(1, depth) - 1), image.dtype)
    alpha = tf.cond(
        tf.reduce_all(tf.equal(image[..., 3:], filled)),
        lambda: tf.fill(tf.shape(image[..., 3:]), tf.constant(image.dtype.max, image.dtype)),
        lambda: image[..., 3:],
    )
    return tf.concat([image[..., :3], alpha], -1)


def _is_opaque(image: Any) -> Any:
    return tf.reduce_all(tf.equal(image[..., 3], image.dtype.max))


def _grey(image: Any) -> Any:
    """Return the grey levels of an image, `(height, width, 1)`, in strips: floats of all would be large."""
    height = tf.shape(image)[0]
    count = tf.maximum((height + _STRIP - 1) // _STRIP, 1)
    strips = tf.TensorArray(image.dtype, count, element_shape=(None, None, 1), infer_shape=False)

    def add(number: Any, strips: Any) -> Any:
        rows = image[number * _STRIP : (number + 1) * _STRIP, :, :3]
        summed = tf.reduce_sum(tf.cast(rows, tf.float32) * _GREY, -1, keepdims=True)
        return number + 1, strips.write(number, tf.cast(tf.round(summed), image.dtype))

    _, strips = tf.while_loop(lambda number, _: number < count, add, (0, strips), parallel_iterations=1)
    return strips.concat()


def _resized(image: Any, shape: Sequence[int | None]) -> Any:
    small = tf.image.resize(image, shape[:2], method="area")
    return tf.cast(tf.clip_by_value(tf.round(small), 0, image.dtype.max), image.dtype)
