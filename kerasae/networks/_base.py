"""What every network of this room returns."""

from typing import NamedTuple

import keras


class Network(NamedTuple):
    """An encoder and a decoder, mirror images of each other.

    The encoder ends in features, not in a code: the head that makes the code belongs to the family.

    Attributes:
        encoder: from `x`, `(batch, ...)`, to features, `(batch, features)`.
        decoder: from codes, `(batch, latent_dim)`, to `(batch, ...)`, with the last axis `outputs`
            times as long where the loss asks for more than one number per feature.
    """

    encoder: keras.Model
    decoder: keras.Model
