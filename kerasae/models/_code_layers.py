"""code_layer: the layer from the features of an encoder to a code."""

import math
from typing import Any

import keras

from kerasae.maps import Leading
from kerasae.models._wiring import all_layers


def code_layer(
    encoder: keras.Model, decoder: keras.Model, latent_dim: int, **settings: Any
) -> keras.layers.Layer:
    """Return a dense layer, or for features that are a map a dense layer at each of its places.

    Its kernel is regularised as those of the encoder and the decoder are.

    Args:
        encoder: Model from `x` to features, `(batch, features)` or `(batch, rows, columns, features)`.
        decoder: Model that the code goes to.
        latent_dim: Code size.
        **settings: Further arguments of the layer.

    Raises:
        ValueError: If the code has no equal number of entries for each place.
    """
    places = math.prod(encoder.output_shape[1:-1])
    if latent_dim % places:
        raise ValueError(
            f"Expected a decoder whose input has an equal number of entries for each of the {places} places "
            f"of the encoder's map, received {latent_dim} entries."
        )
    settings["kernel_regularizer"] = _kernel_regularizer(encoder, decoder)
    if len(encoder.output_shape) == 2:
        return keras.layers.Dense(latent_dim, **settings)
    if settings.get("kernel_initializer") == "identity":
        settings["kernel_initializer"] = Leading()
    return keras.layers.Conv2D(latent_dim // places, 1, **settings)


def _kernel_regularizer(*networks: keras.Model) -> Any:
    """Return the regulariser of the first kernel that has one; `None` if there is none."""
    layers = (layer for network in networks for layer in all_layers(network))
    found = (getattr(layer, "kernel_regularizer", None) for layer in layers)
    return next((regularizer for regularizer in found if regularizer is not None), None)


def flattening(encoder: keras.Model) -> list[keras.layers.Layer]:
    """Return the layer that makes one vector of a map of codes; none if codes are vectors."""
    return [] if len(encoder.output_shape) == 2 else [keras.layers.Flatten(dtype="float32")]


def through(layers: list[Any], h: Any) -> Any:
    """Return what layers make of a tensor, one after the other."""
    for layer in layers:
        h = layer(h)
    return h
