"""gains_from_xla: whether XLA saves time in a training."""

import keras
import tensorflow as tf

from kerasae.models import Autoencoder, all_layers


def gains_from_xla(model: Autoencoder, rows: int) -> bool:
    """Decide whether XLA saves more training time than its compilation takes.

    On a GPU it does. On a CPU, where `"auto"` of Keras never uses XLA, it does so only for large data: an
    epoch of MNIST through 784-512-16 falls from 1.9 s to 1.2 s, and the compilation takes 2 s. On a CPU it
    does not for convolutions, which take twice the time.

    Args:
        model: Built autoencoder.
        rows: Number of rows of the training split.
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
    if any(isinstance(layer, convolutions) for layer in all_layers(model)):
        return False
    # This is the number of multiplications in the forward pass of an epoch. MNIST above has 5e10.
    return rows * model.count_params() >= 1e10
