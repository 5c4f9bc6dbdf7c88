"""Occlusion: rectangles of an image are covered by defects made at random."""

import math
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from kerasae.corruptions._base import Corruption
from kerasae.corruptions._chained import ChainedCorruption

#: Number of uniform draws of a rectangle: two for its place, two for its sides, one each for its angle, its
#: filling and its opacity, and two for the offset of a copied patch.
_DRAWS = 9


@keras.saving.register_keras_serializable(package="kerasae")
class OcclusionNoise(ChainedCorruption):
    """One to `count` rectangles of an image are covered; a model learns to restore what they cover.

    The centre, the two sides and the angle of a rectangle are random. The sides are drawn independently and
    log-uniformly, so small spots, large patches and thin scratches all occur. With equal probability a
    rectangle is filled with

    - a constant of each channel, as a stain or a hole,
    - another patch of the same image, as a misprint or a displaced thread,
    - uniform noise of each pixel.

    The filling is blended with the image. Its share is uniform between `opacity` and 1.

    A window of a series is covered over a stretch of steps, and a vector over a stretch of features.

    Args:
        level: Largest side of a rectangle, as a share of the longer side of the image, in [0, 1]. Defaults to
            0.3.
        count: Largest number of rectangles; the number is uniform from 1. Defaults to 4.
        smallest: Smallest side of a rectangle in pixels, from 1. Defaults to 2.
        opacity: Smallest share of the filling in a covered pixel, in (0, 1]. Defaults to 0.3.
        before: Corruption that acts first, as an object, name or config, such as `"gaussian"`. Defaults to
            `None`.
        seed: Integer that fixes the sequence of random numbers. Defaults to `None`, Keras's global seed.

    Raises:
        ValueError: If an argument is out of its range.

    Reference: Li, Sohn, Yoon, Pfister 2021, CVPR (CutPaste), for patches of the image and thin scratches;
    Zavrtanik, Kristan, Skočaj 2021, ICCV (DRAEM), for blended defects and a model that removes them.
    """

    continuous = True

    def __init__(
        self,
        level: float = 0.3,
        *,
        count: int = 4,
        smallest: float = 2.0,
        opacity: float = 0.3,
        before: str | dict[str, Any] | Corruption | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError(f"`count` must be an integer from 1, received {count!r}.")
        if isinstance(smallest, bool) or not isinstance(smallest, int | float) or not smallest >= 1:
            raise ValueError(f"`smallest` must be at least 1 pixel, received {smallest!r}.")
        if isinstance(opacity, bool) or not isinstance(opacity, int | float) or not 0 < opacity <= 1:
            raise ValueError(f"`opacity` must be in (0, 1], received {opacity!r}.")
        own = {"count": count, "smallest": smallest, "opacity": opacity}
        super().__init__(level, before=before, seed=seed, own=own, **kwargs)
        self.count = count
        self.smallest = smallest
        self.opacity = opacity

    def corrupt(self, x: Any, seed: Any) -> Any:
        images, low, high = self._as_images(x)
        rows, height, width, channels = tf.unstack(tf.shape(images))
        draws = tf.unstack(self.uniform((self.count, rows, _DRAWS, 1, 1), seed))
        number = 1.0 + tf.floor(self.count * self.uniform((rows, 1, 1), seed + 1))
        constants = tf.unstack(self.uniform((self.count, rows, 1, 1, channels), seed + 2))
        noise = low + (high - low) * self.uniform(tf.shape(images), seed + 3)
        covered = images
        for index, (draw, constant) in enumerate(zip(draws, constants, strict=True)):
            choice = draw[:, 5, ..., None]
            filling = tf.where(choice < 1 / 3, low + (high - low) * constant, noise)
            filling = tf.where(choice > 2 / 3, _moved(images, draw[:, 7:, 0, 0]), filling)
            share = (self.opacity + (1.0 - self.opacity) * draw[:, 6])[..., None]
            inside = tf.logical_and(self._inside(draw, height, width), float(index) < number)
            blended = (1.0 - share) * covered + share * filling
            covered = tf.where(inside[..., None], blended, covered)
        return ops.cast(tf.reshape(covered, tf.shape(x)), x.dtype)

    def _as_images(self, x: Any) -> tuple[Any, Any, Any]:
        """Return `x` and its smallest and largest values as images, `(batch, height, width, channels)`."""
        shape = tf.shape(x)
        places = [*tf.unstack(shape)[1:-1], *([1] * max(0, 4 - len(x.shape)))][:2]
        if len(x.shape) == 2:
            places = [shape[1], 1]
        target = tf.stack([shape[0], *places, -1])
        low, high = (tf.broadcast_to(tf.cast(end, "float32"), shape) for end in self.ends)
        return tuple(tf.reshape(tf.cast(part, "float32"), target) for part in (x, low, high))

    def _inside(self, draw: Any, height: Any, width: Any) -> Any:
        """Return whether a pixel lies in the rectangle of its image, `(batch, height, width)`."""
        lengths = [tf.cast(length, "float32") for length in (height, width)]
        largest = tf.maximum(self.level * tf.maximum(*lengths), self.smallest)
        sides = self.smallest * tf.pow(largest / self.smallest, draw[:, 2:4])
        down, right = (
            tf.reshape(tf.range(length), shape) - draw[:, axis] * (length - 1.0)
            for axis, (length, shape) in enumerate(zip(lengths, ((-1, 1), (1, -1)), strict=True))
        )
        # A line of pixels has no angle.
        angle = math.pi * draw[:, 4] * tf.where(tf.minimum(*lengths) > 1.0, 1.0, 0.0)
        along = tf.cos(angle) * down + tf.sin(angle) * right
        across = tf.cos(angle) * right - tf.sin(angle) * down
        return tf.logical_and(2 * tf.abs(along) <= sides[:, 0], 2 * tf.abs(across) <= sides[:, 1])

    def get_config(self) -> dict[str, Any]:
        own = {"count": self.count, "smallest": self.smallest, "opacity": self.opacity}
        return {**super().get_config(), **own}


def _moved(images: Any, offsets: Any) -> Any:
    """Return each image moved by a share of its height and of its width, around its edges."""
    for axis in range(2):
        # Rows move first. The second turn makes the columns rows, and turns the image back.
        length = tf.shape(images)[1]
        steps = tf.cast(offsets[:, axis] * tf.cast(length, "float32"), "int32")
        places = (tf.range(length) + steps[:, None]) % length
        images = tf.transpose(tf.gather(images, places, axis=1, batch_dims=1), (0, 2, 1, 3))
    return images
