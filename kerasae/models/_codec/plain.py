"""Encoders and decoders as plain Keras models, for use without kerasae."""

from typing import Any

import keras

from kerasae.models._wiring import all_layers

# A layer of kerasae with weights has a method `plain`, which returns an equivalent Keras layer or model. A
# layer without weights is used through its `call`: a functional model then records the Keras operations.


def plain_encoder(model: Any) -> keras.Model:
    """Return a plain model from raw examples to codes; see `Autoencoder.plain_encoder`."""
    if model.preprocessor is None:
        inputs = x = keras.Input(model.spec.shape, dtype=model.spec.dtype, name="raw")
    else:
        inputs = model.preprocessor.inputs()
        x = model.preprocessor.call(model.preprocessor.named(inputs))
    code = _plain(model.encoder)(x)
    for layer in model.head_layers():
        code = layer.call(code) if _is_own(layer) else _plain_layer(layer)(code)
    return keras.Model(inputs, code, name=f"{model.name}_encoder")


def plain_decoder(model: Any) -> keras.Model:
    """Return a plain model from codes to raw units; see `Autoencoder.plain_decoder`."""
    inputs = keras.Input((model.latent_dim,), name="code")
    decoder, head = without_scales(model.decoder)
    params = _plain(decoder)(inputs)
    if head is not None:
        params = head.without(params)
    x = model.reconstruction_loss.mean(params)
    raw = x if model.preprocessor is None else model.preprocessor.inverse(x)
    return keras.Model(inputs, raw, name=f"{model.name}_decoder")


def without_scales(decoder: keras.Model) -> tuple[keras.Model, Any]:
    """Split off the last layer of a decoder if it only adds scales.

    Such a layer, for example `SharedScale`, does not affect a reconstruction.

    Returns:
        The decoder without that layer, and the layer; or the whole decoder and `None`.
    """
    head = decoder.layers[-1] if hasattr(decoder.layers[-1], "without") else None
    if head is None:
        return decoder, None
    if isinstance(decoder, keras.Sequential):
        return keras.Sequential([keras.Input(decoder.input_shape[1:]), *decoder.layers[:-1]]), head
    return keras.Model(decoder.inputs, head.input), head


def _plain(network: keras.Model) -> keras.Model:
    """Return a network with Keras's layers in place of those of kerasae; it shares all other layers."""
    if not any(hasattr(layer, "plain") or _starts_as_own(layer) for layer in all_layers(network)):
        return network
    return keras.models.clone_model(network, clone_function=_plain_layer, recursive=True)


def _plain_layer(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Return a layer that a file can hold without naming a class of kerasae."""
    if hasattr(layer, "plain"):
        return layer.plain()
    if not _starts_as_own(layer):
        return layer
    # An initialiser of kerasae has done its work.
    copy = type(layer).from_config({**layer.get_config(), "kernel_initializer": "zeros"})
    copy.build_from_config(layer.get_build_config())
    copy.set_weights(layer.get_weights())
    return copy


def _starts_as_own(layer: keras.layers.Layer) -> bool:
    """Return whether a kernel has an initialiser of kerasae, which the layer's config names."""
    return _is_own(getattr(layer, "kernel_initializer", None))


def _is_own(part: Any) -> bool:
    return type(part).__module__.startswith("kerasae.")
