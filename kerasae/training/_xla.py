"""gains_from_xla: whether XLA saves time in a training."""

import math

import keras
import tensorflow as tf

from kerasae.layers import TransposedDense
from kerasae.models import Autoencoder, all_layers

#: Seconds that XLA saves for a number that a step computes and stores, and seconds of a compilation.
#: On two cores an epoch of MNIST through 784-64-8 fell by 0.6 s, through 784-512-16 by 0.9 s, and a first
#: epoch took 1 to 2 s more.
_SAVED, _COMPILATION = 3e-9, 2.0
#: Multiplications of an epoch from which networks with other layers are compiled.
_LARGE = 1e10


def gains_from_xla(model: Autoencoder, rows: int, *, epochs: int = 10, batch_size: int = 128) -> bool:
    """Decide whether XLA saves more training time than its compilation takes.

    On a GPU it does. On a CPU, where `"auto"` of Keras never uses XLA, it does for a training of dense layers
    that is long enough: XLA saves passes over the outputs of the layers and over the weights, whose numbers
    are counted here. It does not for convolutions, which take twice the time. Networks with other layers are
    compiled for a large epoch.

    Args:
        model: Built autoencoder.
        rows: Number of rows of the training split.
        epochs: Largest number of epochs. Defaults to 10.
        batch_size: Number of examples per step. Defaults to 128.
    """
    if model.distribute_strategy.num_replicas_in_sync > 1:
        return False
    if not getattr(model.preprocessor, "supports_jit", True):
        return False
    if tf.config.list_physical_devices("GPU"):
        return True
    convolutions = (
        keras.layers.Conv1D,
        keras.layers.Conv2D,
        keras.layers.Conv1DTranspose,
        keras.layers.Conv2DTranspose,
    )
    layers = all_layers(model)
    if any(isinstance(layer, convolutions) for layer in layers):
        return False
    if any(layer.trainable_weights and not _is_dense(layer) for layer in layers):
        return rows * model.count_params() >= _LARGE
    units = sum(math.prod(weight.shape) for weight in model.trainable_variables if len(weight.shape) == 1)
    numbers = units + math.prod(model.encoder.input_shape[1:]) + model.count_params() / batch_size
    return rows * epochs * numbers * _SAVED >= _COMPILATION


def _is_dense(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.Dense | TransposedDense | keras.Model)
