"""A network of residual blocks."""

import keras

from kerasae.networks import Network
from kerasae.spec import Spec


def residual(
    spec: Spec, latent_dim: int = 8, *, outputs: int = 1, units: int = 64, blocks: int = 2
) -> Network:
    """A dense encoder with shortcuts around each layer, and its mirror image.

    Args:
        spec: Spec of images or vectors.
        latent_dim: Code size. Defaults to 8.
        outputs: Number of decoder outputs per feature, which the loss determines. Defaults to 1.
        units: Width of every layer. Defaults to 64.
        blocks: Number of blocks of the encoder and of the decoder. Defaults to 2.

    Returns:
        `Network(encoder, decoder)`.

    Raises:
        ValueError: If the examples are no arrays of numbers.

    Reference: He, Zhang, Ren, Sun 2016, CVPR.
    """
    if spec.columns or spec.vocabulary:
        raise ValueError(
            f"The network 'residual' needs arrays of numbers, received examples of kind '{spec.kind}'; use "
            f"--network {spec.kind}."
        )
    x = keras.Input(spec.shape)
    encoder = keras.Model(x, _blocks(keras.layers.Flatten()(x), units, blocks), name="encoder")
    code = keras.Input((latent_dim,))
    flat = keras.layers.Dense(spec.size * outputs, dtype="float32")(_blocks(code, units, blocks))
    shaped = keras.layers.Reshape((*spec.shape[:-1], spec.shape[-1] * outputs))(flat)
    return Network(encoder, keras.Model(code, shaped, name="decoder"))


def _blocks(x: keras.KerasTensor, units: int, blocks: int) -> keras.KerasTensor:
    x = keras.layers.Dense(units)(x)
    for _ in range(blocks):
        x = keras.layers.Add()([x, keras.layers.Dense(units, activation="relu")(x)])
    return x
