"""PNG and JPEG files as 8-bit images: one decoder for training, for the applications and for a server."""

import functools
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from kerasae.exif import is_jpeg, is_png, orientation

#: Weights of red, green and blue in a grey image: ITU-R BT.601, as in JPEG and in Pillow.
_GREY = (0.299, 0.587, 0.114)
#: Where a PNG file says how many bits a channel has.
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
    """The bytes of a file as an 8-bit image of a shape; safe in a graph.

    The image is turned upright as its EXIF asks. It is then resized, over areas, if it has another size.
    Grey, palette, CMYK and colour are read alike: colour becomes grey by ITU-R BT.601, and grey becomes
    colour with three equal channels. An alpha channel is kept with four channels; otherwise it must be
    opaque everywhere.

    Args:
        content: the bytes of a PNG or JPEG file, a scalar string.
        shape: `(height, width, channels)`, with 1, 3 or 4 channels.
        turn: orientation of the file, 1 to 8, where the caller knows it; read from the file by default.

    Returns:
        uint8, `(height, width, channels)`.

    Raises:
        tf.errors.InvalidArgumentError: for a damaged file, or one that `refusal` explains.
    """
    turn = _orientation(content) if turn is None else tf.cast(turn, tf.int32)
    return _decoder(tuple(shape))(content, turn)


@functools.cache
def _decoder(shape: tuple[int, ...]) -> Any:
    """The graph for a shape, traced once: every pass over a folder asks for it anew."""

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
    """An image `(height, width, channels)` turned and mirrored as its EXIF orientation, 1 to 8, asks."""

    def one_of(codes: Sequence[int]) -> Any:
        return tf.reduce_any(tf.equal(turn, codes))

    image = tf.cond(turn >= 5, lambda: tf.transpose(image, (1, 0, 2)), lambda: image)
    image = tf.cond(one_of([2, 3, 6, 7]), lambda: tf.reverse(image, [1]), lambda: image)
    return tf.cond(one_of([3, 4, 7, 8]), lambda: tf.reverse(image, [0]), lambda: image)


def find_orientation(content: bytes) -> int:
    """The orientation that the EXIF of a file notes, 1 to 8."""
    return int(_orientation(tf.constant(content)))


def refusal(content: bytes, *, transparent: bool) -> str:
    """Why `decode_image` does not take a file with 1 or 3 channels; empty if it does.

    Args:
        content: the bytes of the file.
        transparent: whether the file can have transparent pixels.
    """
    content = tf.constant(content)
    if not bool(is_png(content) | is_jpeg(content)):
        return NO_IMAGE
    if bool(_is_deep(content)):
        return TOO_DEEP
    try:
        image = _decoded(content)
    except tf.errors.OpError:
        # Other libraries forgive more.
        return DAMAGED
    if transparent and not bool(_is_opaque(image)):
        return TRANSPARENT
    return ""


@tf.function(input_signature=[tf.TensorSpec((), tf.string)])
def _orientation(content: Any) -> Any:
    return orientation(content)


def _is_deep(content: Any) -> Any:
    """Whether a file is a PNG with 16 bits a channel."""
    long_enough = tf.strings.length(content) > _PNG_DEPTH
    depth = tf.strings.substr(content, tf.where(long_enough, _PNG_DEPTH, 0), 1)
    return is_png(content) & long_enough & tf.equal(depth, b"\x10")


def _decoded(content: Any) -> Any:
    """A file as red, green, blue and alpha, `(height, width, 4)`: palettes and colour keys are looked up."""
    image = tf.cond(is_png(content), lambda: _of_png(content), lambda: _of_jpeg(content))
    return tf.ensure_shape(image, (None, None, 4))


def _of_jpeg(content: Any) -> Any:
    image = tf.io.decode_jpeg(content, channels=3)
    return tf.concat([image, tf.fill((*tf.unstack(tf.shape(image)[:2]), 1), tf.constant(255, tf.uint8))], -1)


def _of_png(content: Any) -> Any:
    image = tf.io.decode_png(content, channels=4)
    # Where a file without alpha has fewer than 8 bits TensorFlow fills in the greatest number of so many.
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
