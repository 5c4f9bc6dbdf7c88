"""Encoders and decoders as plain Keras models, for use where kerasae is not installed."""

from typing import Any

import keras

from kerasae.layers import SharedScale, TransposedDense

# A layer of ours is entered by its `call`, not as a layer: a functional model then records the Keras
# operations inside it, and needs no class of ours to be loaded.


def plain_encoder(model: Any) -> keras.Model:
    """Raw examples to codes; see `Autoencoder.plain_encoder`."""
    spec = model.spec
    inputs = keras.Input(spec.shape, dtype=spec.dtype, name="raw")
    x = inputs if model.preprocessor is None else model.preprocessor.call(inputs)
    return keras.Model(inputs, model.encode(x), name=f"{model.name}_encoder")


def plain_decoder(model: Any) -> keras.Model:
    """Codes to raw units; see `Autoencoder.plain_decoder`."""
    inputs = keras.Input((model.latent_dim,), name="code")
    decoder = model.decoder
    scaled = isinstance(decoder.layers[-1], SharedScale)
    if isinstance(decoder, keras.Sequential):
        params = inputs
        for layer in decoder.layers[:-1] if scaled else decoder.layers:
            params = (layer.untied() if isinstance(layer, TransposedDense) else layer)(params)
    else:
        params = keras.Model(decoder.inputs, decoder.layers[-1].input)(inputs) if scaled else decoder(inputs)
    if scaled:
        # The reconstruction reads the locations alone; any scale will do.
        params = keras.ops.concatenate([params, params], axis=-1)
    x = model.reconstruction_loss.mean(params)
    raw = x if model.preprocessor is None else model.preprocessor.inverse(x)
    return keras.Model(inputs, raw, name=f"{model.name}_decoder")
