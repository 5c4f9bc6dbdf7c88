"""NoiseLayer: what every layer that draws random numbers shares."""

import zlib
from typing import Any

import keras
import tensorflow as tf
from keras import ops


class NoiseLayer(keras.layers.Layer):
    """A layer that draws random numbers in training, or wherever a seed is handed to it.

    Two traps are closed here once. Replicas of a `tf.distribute` strategy would draw the same
    numbers, so the replica's number is folded into the seed. The state of a `SeedGenerator` is not
    in a `.keras` file, so it is saved with the layer: a resumed training draws what an
    uninterrupted one would have drawn.

    Args:
        seed: an integer that fixes the sequence of draws, or `None`: one drawn from Keras's global
            state, which `keras.utils.set_random_seed` fixes.
    """

    def __init__(self, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool) or seed < 0):
            raise ValueError(f"`seed` must be a non-negative integer or None, received {seed!r}.")
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def next_seed(self, seed: Any = None) -> Any:
        """A seed of two int32 for one draw: the given one, or the next of this layer."""
        if seed is None:
            seed = self.seed_generator.next()
        else:
            # One seed serves a whole model, whose layers must not draw the same numbers.
            own = tf.constant([0, zlib.crc32(type(self).__name__.encode()) >> 1])
            seed = ops.cast(ops.convert_to_tensor(seed), "int32") + own
        context = tf.distribute.get_replica_context()
        replica = context.replica_id_in_sync_group if context is not None else 0
        state = ops.cast(ops.convert_to_tensor(seed), "int32")
        return state + ops.cast(ops.stack([replica * 7919, 0]), "int32")

    # keras.random takes an integer or a SeedGenerator, never a seed that is a tensor.

    def normal(self, shape: Any, dtype: str, seed: Any) -> Any:
        """Draws from N(0, 1) by a seed of two int32."""
        return ops.cast(tf.random.stateless_normal(shape, seed, alg="philox"), dtype)

    def uniform(self, shape: Any, seed: Any) -> Any:
        """Draws from [0, 1) by a seed of two int32, float32."""
        return tf.random.stateless_uniform(shape, seed, alg="philox")

    def save_own_variables(self, store: Any) -> None:
        super().save_own_variables(store)
        store["seed_state"] = ops.convert_to_numpy(self.seed_generator.state)

    def load_own_variables(self, store: Any) -> None:
        # Keras refuses a store with a key that it did not write.
        own = {key: store[key] for key in store.keys() if key != "seed_state"}  # noqa: SIM118
        super().load_own_variables(own)
        if "seed_state" in store.keys():  # noqa: SIM118
            self.seed_generator.state.assign(store["seed_state"])

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}
