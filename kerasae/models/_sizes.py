"""at_size: a model of images with the same weights for images of another size."""

import warnings
from typing import Any

import keras

from kerasae.arguments import check_positive_integer
from kerasae.maps import maps_of, sized
from kerasae.models._base import Autoencoder
from kerasae.seeds import kept


def at_size(model: Autoencoder, height: int, width: int) -> Autoencoder:
    """Return a model with the same weights for images of another size.

    The weights are copied: a later training of one model does not change the other. What a penalty remembers
    of earlier batches begins anew. A large image takes memory in proportion to its pixels; `rebuilt` computes
    it in parts.

    Args:
        model: Built model whose network is a map, such as `spatial`.
        height: Height of the images in pixels.
        width: Width of the images in pixels.

    Raises:
        ValueError: If the code of the model is no map, a size is not positive, or something in the model
            belongs to one size: a preprocessor of each pixel, or the k largest numbers of a whole code.

    Example:
        >>> from kerasae.models import at_size
        >>> large = at_size(model, 480, 640)
        >>> large.inverse_transform(large.transform(photographs))
    """
    for name, size in (("height", height), ("width", width)):
        check_positive_integer(name, size)
    found = maps_of(model.encoder, model.decoder)
    if found is None:
        raise ValueError(
            "Expected a model whose code is a map, received one for examples of shape "
            f"{model.spec.shape} alone; train one with --network spatial."
        )
    shape = (height, width, model.encoder.input_shape[-1])
    for layer in model.head_layers():
        if not getattr(layer, "is_local", True) and shape != tuple(model.encoder.input_shape[1:]):
            raise ValueError(
                "Expected a model that keeps the k largest numbers of each place, received one that keeps "
                "those of a whole code, of one size; train with --set model.k_by=place."
            )
    map_encoder, map_decoder = map(keras.models.clone_model, found)
    encoder, decoder = sized(map_encoder, map_decoder, shape)
    head = model.reconstruction_loss.head()
    if head is not None:
        decoder = keras.Model(decoder.input, head(decoder.output), name=decoder.name)
    config: dict[str, Any] = {**model.get_config(), "encoder": encoder, "decoder": decoder}
    if model.preprocessor is not None:
        config["preprocessor"] = model.preprocessor.at_shape(shape)
    with kept(), warnings.catch_warnings():
        # The model said so when it was made: the code grows with the image.
        warnings.filterwarnings("ignore", "`latent_dim` is expected below")
        other = type(model).from_config(config)
        other.build((None, *shape))
    # What a penalty remembers of earlier batches belongs to the size of its code.
    remembered = {id(weight) for penalty in model.penalties() for weight in penalty.weights}
    for weight, copy in zip(model.weights, other.weights, strict=True):
        if id(weight) not in remembered:
            copy.assign(weight)
    other.compile()
    return other
