"""at_size: a model of images with the same weights for images of another size."""

import dataclasses
from typing import Any

import keras

from kerasae.maps import maps_of, sized
from kerasae.models._base import Autoencoder
from kerasae.seeds import kept


def at_size(model: Autoencoder, height: int, width: int) -> Autoencoder:
    """Return a model with the same weights for images of another size.

    The weights are copied: a later training of one model does not change the other. A large image takes
    memory in proportion to its pixels; `rebuilt` computes it in parts.

    Args:
        model: Built model whose network is a map, such as `spatial`.
        height: Height of the images in pixels.
        width: Width of the images in pixels.

    Raises:
        ValueError: If the code of the model is no map, so that it belongs to one size.

    Example:
        >>> large = kerasae.models.at_size(model, 480, 640)
        >>> large.inverse_transform(large.transform(photographs))
    """
    found = maps_of(model.encoder, model.decoder)
    if found is None:
        raise ValueError(
            "Expected a model whose code is a map, received one for examples of shape "
            f"{model.spec.shape} alone; train one with --network spatial."
        )
    shape = (height, width, model.encoder.input_shape[-1])
    map_encoder, map_decoder = map(keras.models.clone_model, found)
    encoder, decoder = sized(map_encoder, map_decoder, shape)
    head = model.reconstruction_loss.head()
    if head is not None:
        decoder = keras.Model(decoder.input, head(decoder.output), name=decoder.name)
    config: dict[str, Any] = {**model.get_config(), "encoder": encoder, "decoder": decoder}
    if model.preprocessor is not None:
        spec = dataclasses.replace(model.preprocessor.spec, shape=shape)
        own = {**model.preprocessor.get_config(), "spec": spec}
        config["preprocessor"] = type(model.preprocessor).from_config(own)
    with kept():
        other = type(model).from_config(config)
        other.build((None, *shape))
    other.set_weights(model.get_weights())
    other.compile()
    return other
