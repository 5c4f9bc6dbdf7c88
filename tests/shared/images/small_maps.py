"""Small models whose code is a map, with the weights of their start, and images for them."""

import keras
import numpy as np

from kerasae import Recipe
from kerasae.spec import Spec


def built(shape, family="undercomplete", model=None, **network):
    """A small model on images in [0, 1]; a place of its code is a square of 4 x 4 pixels."""
    network = {"name": "spatial", "filters": [4, 5], "residual_blocks": 1, **network}
    model = Recipe.of(family, latent_dim=3, network=network, model=model or {}).build(Spec("image", shape))
    # Residual blocks start as nothing, so that a test would not see them.
    for weight in model.trainable_variables:
        if weight.name == "kernel" and not weight.numpy().any():
            weight.assign(keras.initializers.GlorotUniform(seed=0)(weight.shape))
    return model


def images(*shape, seed=0):
    """Random images in [0, 1]."""
    return np.random.default_rng(seed).random(shape).astype("float32")


def reconstructed(model, x):
    """The reconstruction of examples."""
    return model.inverse_transform(model.transform(x))
