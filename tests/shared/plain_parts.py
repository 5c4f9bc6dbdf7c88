"""An encoder and a decoder of plain Keras layers, which fit together."""

import keras


def plain(inputs=6, code=2, hidden=5, outputs=1):
    encoder = keras.Sequential([keras.Input((inputs,)), keras.layers.Dense(hidden, "tanh")])
    decoder = keras.Sequential(
        [keras.Input((code,)), keras.layers.Dense(hidden, "tanh"), keras.layers.Dense(inputs * outputs)]
    )
    return encoder, decoder
