"""at_any_size: a model of images as functions of tensors of any height and width."""

import dataclasses
from typing import Any

import keras
import tensorflow as tf

from kerasae.maps import maps_of, side_of
from kerasae.models._base import Autoencoder
from kerasae.models._codec.plain import without_scales


@dataclasses.dataclass(frozen=True, eq=False)
class AnySize:
    """Functions of a model on images of any height and width. They run in a graph whose sizes are unknown.

    They use the weights of the model itself: what it learns later, they know.

    Args:
        model: Built model whose network is a map.
        encoder: Network from images to maps of features, for any size.
        decoder: Network from maps of codes to images, for any size.
        side: Number of pixels on a side of the square for which a place of the map stands.
    """

    model: Autoencoder
    encoder: keras.Model
    decoder: keras.Model
    side: int

    @property
    def numbers(self) -> int:
        """Number of entries of the code at each place."""
        return int(self.decoder.input_shape[-1])

    def encode(self, x: Any) -> Any:
        """Encode images `x`, `(batch, height, width, channels)`, as `(batch, rows, columns, numbers)`."""
        ends = [-tf.shape(x)[axis] % self.side for axis in (1, 2)]
        h = self.encoder(tf.pad(x, [[0, 0], *([0, end] for end in ends), [0, 0]]))
        for layer in self.model.head_layers():
            if not isinstance(layer, keras.layers.Flatten):
                h = layer.at_places(h) if hasattr(layer, "at_places") else layer(h)
        return h

    def decode(self, code_map: Any, height: Any, width: Any) -> Any:
        """Decode maps of codes to `x`, `(batch, height, width, channels)`."""
        params = self.decoder(code_map)[:, :height, :width]
        _, head = without_scales(self.model.decoder)
        return self.model.reconstruction_loss.mean(params if head is None else head.without(params))

    def reconstruct(self, x: Any) -> Any:
        """Return the reconstructions of images `x`, of the same height and width."""
        size = tf.shape(x)
        return self.decode(self.encode(x), size[1], size[2])


def at_any_size(model: Autoencoder) -> AnySize:
    """Return the functions of a model on images of any height and width, with the weights of the model.

    They equal the model that `at_size` returns for each size.

    Args:
        model: Built model whose network is a map, such as `spatial`.

    Raises:
        ValueError: If the code of the model is no map, or something in the model belongs to one size: a
            preprocessor of each pixel, or the k largest numbers of a whole code.
    """
    found = maps_of(model.encoder, model.decoder)
    if found is None:
        raise ValueError(
            "Expected a model whose code is a map, which works on images of any size, received one for "
            f"examples of shape {model.spec.shape} alone; train one with --network spatial."
        )
    for layer in model.head_layers():
        if not getattr(layer, "is_local", True):
            raise ValueError(
                "Expected a model that keeps the k largest numbers of each place, received one that keeps "
                "those of a whole code, of one size; train with --set model.k_by=place."
            )
    if model.preprocessor is not None:
        model.preprocessor.at_shape(model.spec.shape)
    return AnySize(model, *found, side_of(found[1]))


def is_for_any_size(model: Autoencoder) -> bool:
    """Return whether `at_any_size` takes a model."""
    try:
        at_any_size(model)
    except ValueError:
        return False
    return True
