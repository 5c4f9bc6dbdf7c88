"""Decoding of PNG and JPEG files, the same in training, in applications and on a server."""

import functools
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from kerasae.image_decoding.exif import is_jpeg, is_png, orientation

#: Weights of red, green and blue in a grey image, from ITU-R BT.601, as in JPEG and Pillow.
_GREY = (0.299, 0.587, 0.114)
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


def decode_image(content: Any, shape: Sequence[int], turn: Any = None) -> Any:
    """Decode a file to an 8-bit image of a given shape, safely in a graph.

    The image is turned upright by its EXIF orientation. If it has another size, it is resized by averaging
    over areas. Grey, palette, CMYK and colour images are all read: colour becomes grey by ITU-R BT.601, and
    grey becomes colour with three equal channels. An alpha channel is kept if `shape` has four channels;
    otherwise it must be opaque everywhere.

    Args:
        content: Bytes of a PNG or JPEG file, a scalar string.
        shape: Shape of the image, `(height, width, channels)`, with 1, 3 or 4 channels.
        turn: EXIF orientation, from 1 to 8. Defaults to `None`, which reads it from the file.

    Returns:
        A uint8 tensor of shape `(height, width, channels)`.

    Raises:
        tf.errors.InvalidArgumentError: If the file is damaged or not supported; see `refusal`.
    """
    turn = _orientation(content) if turn is None else tf.cast(turn, tf.int32)
    return _decoder(tuple(shape))(content, turn)


@functools.cache
def _decoder(shape: tuple[int, ...]) -> Any:
    """Return the graph for a shape. It is traced only once, although every pass over a folder needs it."""

    @tf.function(input_signature=[tf.TensorSpec((), tf.string), tf.TensorSpec((), tf.int32)])
    def decode(content: Any, turn: Any) -> Any:
        fits = is_png(content) | is_jpeg(content)
        with tf.control_dependencies(
            [tf.debugging.Assert(fits, [NO_IMAGE]), tf.debugging.Assert(~_is_deep(content), [TOO_DEEP])]
        ):
            image = _decoded(tf.identity(content))
        if shape[-1] != 4:
            with tf.control_dependencies([tf.debugging.Assert(_is_opaque(image), [TRANSPARENT])]):
                image = _grey(image) if shape[-1] == 1 else image[..., :3]
        image = upright(image, turn)
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


def refusal(content: bytes, *, transparent: bool) -> str:
    """Explain why `decode_image` refuses a file for an image of 1 or 3 channels.

    Args:
        content: Bytes of the file.
        transparent: Whether the file may have transparent pixels.

    Returns:
        The reason, as the end of a message; empty if the file is accepted.
    """
    content = tf.constant(content)
    if not bool(is_png(content) | is_jpeg(content)):
        return NO_IMAGE
    if bool(_is_deep(content)):
        return TOO_DEEP
    try:
        image = _decoded(content)
    except tf.errors.OpError:
        # Other libraries may still read the file.
        return DAMAGED
    if transparent and not bool(_is_opaque(image)):
        return TRANSPARENT
    return ""


@tf.function(input_signature=[tf.TensorSpec((), tf.string)])
def _orientation(content: Any) -> Any:
    return orientation(content)


def _is_deep(content: Any) -> Any:
    """Return whether a file is a PNG file with 16 bits per channel."""
    long_enough = tf.strings.length(content) > _PNG_DEPTH
    depth = tf.strings.substr(content, tf.where(long_enough, _PNG_DEPTH, 0), 1)
    return is_png(content) & long_enough & tf.equal(depth, b"\x10")


def _decoded(content: Any) -> Any:
    """Decode a file to red, green, blue and alpha, `(height, width, 4)`, with palettes and colour keys."""
    image = tf.cond(is_png(content), lambda: _of_png(content), lambda: _of_jpeg(content))
    return tf.ensure_shape(image, (None, None, 4))


def _of_jpeg(content: Any) -> Any:
    image = tf.io.decode_jpeg(content, channels=3)
    return tf.concat([image, tf.fill((*tf.unstack(tf.shape(image)[:2]), 1), tf.constant(255, tf.uint8))], -1)


def _of_png(content: Any) -> Any:
    image = tf.io.decode_png(content, channels=4)
    # TensorFlow fills alpha with the largest number of the bit depth, if a file has less than 8 bits.
    depth = tf.io.decode_raw(tf.strings.substr(content, _PNG_DEPTH, 1), tf.uint8)
    filled = tf.where(depth < 8, tf.bitwise.left_shift(tf.ones_like(depth), depth) - 1, 255)
    alpha = tf.cond(
        tf.reduce_all(tf.equal(image[..., 3:], filled)),
        lambda: tf.fill(tf.shape(image[..., 3:]), tf.constant(255, tf.uint8)),
        lambda: image[..., 3:],
    )
    return tf.concat([image[..., :3], alpha], -1)


def _is_opaque(image: Any) -> Any:
    return tf.reduce_all(tf.equal(image[..., 3], 255))


def _grey(image: Any) -> Any:
    summed = tf.reduce_sum(tf.cast(image[..., :3], tf.float32) * _GREY, -1, keepdims=True)
    return tf.cast(tf.round(summed), tf.uint8)


def _resized(image: Any, shape: Sequence[int]) -> Any:
    small = tf.image.resize(image, shape[:2], method="area")
    return tf.cast(tf.clip_by_value(tf.round(small), 0, 255), tf.uint8)
