"""Classes of Keras and TensorFlow. The stub beside this file gives them types, as they have none themselves.

A class with a base of unknown type is unknown as a whole to a type checker, and so is all that takes or
returns it.
"""

import tensorflow as tf
from keras import Model
from keras.callbacks import Callback
from keras.layers import Layer
from keras.losses import Loss

Strategy = tf.distribute.Strategy

__all__ = ["Callback", "Layer", "Loss", "Model", "Strategy"]
