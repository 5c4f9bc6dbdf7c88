"""NoiseLayer: base class of the layers that draw random numbers."""

import zlib
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from kerasae.keras_classes import Layer


class NoiseLayer(Layer):
    """Layer that draws random numbers in training, or whenever it is called with a seed.

    The class avoids two traps. The replicas of a `tf.distribute` strategy would draw the same
    numbers, so the replica's number is added to the seed. Keras does not store the state of a
    `SeedGenerator` in a `.keras` file, so the layer saves it: a resumed training draws the same
    numbers as an uninterrupted one.

    Args:
        seed: Integer that fixes the sequence of random numbers. Defaults to `None`: the seed is drawn
            from Keras's global state, which `keras.utils.set_random_seed` fixes.
    """

    #: Number of layers of the same class that act before this one, and that receive the same seed.
    _number_in_class = 0

    def __init__(self, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool) or seed < 0):
            raise ValueError(f"`seed` must be a non-negative integer or None, received {seed!r}.")
        self.seed = seed
        self.seed_generator: Any = keras.random.SeedGenerator(seed)

    def next_seed(self, seed: Any = None) -> Any:
        """Return the seed of one draw, two int32.

        Args:
            seed: Seed of the whole model. Defaults to `None`, the next seed of this layer's sequence.
        """
        if seed is None:
            seed = self.seed_generator.next()
        else:
            # All layers of a model receive the same seed, and they must not draw the same numbers.
            offset = tf.constant(
                [104729 * self._number_in_class, zlib.crc32(type(self).__name__.encode()) >> 1]
            )
            seed = ops.cast(ops.convert_to_tensor(seed), "int32") + offset
        context = tf.distribute.get_replica_context()
        replica = context.replica_id_in_sync_group if context is not None else 0
        state = ops.cast(ops.convert_to_tensor(seed), "int32")
        return state + ops.cast(ops.stack([replica * 7919, 0]), "int32")

    # TensorFlow functions are used here because keras.random does not accept a tensor as a seed.

    def normal(self, shape: Any, dtype: str, seed: Any) -> Any:
        """Draw from N(0, 1) with a seed of two int32."""
        return ops.cast(tf.random.stateless_normal(shape, seed, alg="philox"), dtype)

    def uniform(self, shape: Any, seed: Any) -> Any:
        """Draw float32 numbers from [0, 1) with a seed of two int32."""
        return tf.random.stateless_uniform(shape, seed, alg="philox")

    def save_own_variables(self, store: Any) -> None:
        super().save_own_variables(store)
        store["seed_state"] = ops.convert_to_numpy(self.seed_generator.state)

    def load_own_variables(self, store: Any) -> None:
        # Keras refuses a store that has a key which Keras did not write.
        variables = {key: store[key] for key in store.keys() if key != "seed_state"}  # noqa: SIM118
        super().load_own_variables(variables)
        if "seed_state" in store.keys():  # noqa: SIM118
            self.seed_generator.state.assign(store["seed_state"])

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}
