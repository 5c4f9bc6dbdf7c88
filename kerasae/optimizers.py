"""FusedAdam: Adam whose update of a variable is one operation of TensorFlow."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="kerasae")
class FusedAdam(keras.optimizers.Adam):
    """Adam of Keras, with one operation in place of about fifteen for the update of a variable.

    The numbers are those of Keras. In a small network most of the time of a step is the overhead of small
    operations, and most of them belong to the optimizer. Sparse gradients, those of an embedding, and
    `amsgrad` are left to Keras.

    Args:
        *args: Arguments of `keras.optimizers.Adam`.
        **kwargs: Arguments of `keras.optimizers.Adam` by name.

    Reference: Kingma, Ba 2015, ICLR.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if self.amsgrad or isinstance(gradient, tf.IndexedSlices):
            super().update_step(gradient, variable, learning_rate)
            return
        dtype = variable.dtype
        step = tf.cast(self.iterations + 1, dtype)
        number = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[number].value.handle,
            v=self._velocities[number].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, dtype), step),
            lr=tf.cast(learning_rate, dtype),
            beta1=tf.cast(self.beta_1, dtype),
            beta2=tf.cast(self.beta_2, dtype),
            epsilon=tf.cast(self.epsilon, dtype),
            grad=tf.cast(gradient, dtype),
        )
