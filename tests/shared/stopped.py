"""Ways in which a training stops."""

import keras
import numpy as np


class Fail(keras.callbacks.Callback):
    """Lets a real failure happen in an epoch, counted from 1, behind the checkpoint of the one before."""

    def __init__(self, how, epoch):
        super().__init__()
        self.how, self.epoch = how, epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch + 1 == self.epoch:
            self.how(self.model)


def same_model(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))
