"""Base classes of Keras. The stub beside this file gives them types, as Keras itself has none.

A class with a base of unknown type is unknown as a whole to a type checker, and so is all that takes or
returns it.
"""

from keras import Model
from keras.layers import Layer
from keras.losses import Loss

__all__ = ["Layer", "Loss", "Model"]
