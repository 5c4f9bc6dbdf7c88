"""What the contractive penalty costs: a training step with it, as a ratio to the step without.

    python benchmarks/contraction.py

784-256-32 and its kin, batch 256, one process, the contenders taking turns; the median of the
rounds is printed. `batch_jacobian` is what a plain implementation would do (not under XLA, whose
compilation of it on a CPU does not end).
"""

import statistics
import time

import keras
import numpy as np
import tensorflow as tf

from kerasae import Recipe
from kerasae.penalties import SquaredJacobian
from kerasae.spec import Spec

SPEC, BATCH, STEPS, ROUNDS = Spec("vector", (784,)), 256, 20, 7


class BatchJacobian(SquaredJacobian):
    def measure(self, inputs, layers=None, encode=None, latent_dim=1, seed=None):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            codes = encode(inputs)
        return tf.reduce_sum(tf.square(tape.batch_jacobian(codes, inputs)), axis=[1, 2])


def step(widths, contraction, activation="linear", jit=True):
    """One compiled training step, as a function of nothing."""
    network = {"widths": widths, "latent_dim": 32, "activation": "tanh"}
    arguments = {"code_activation": activation}
    if contraction is not None:
        arguments["contraction"] = contraction
    # A decoder of its own scale would add the constraint's cost, which is another matter: both have it.
    model = Recipe.of("undercomplete", network=network, model=arguments).build(SPEC)
    for variable in model.decoder.trainable_variables:
        variable.constraint = None
    model.compile(keras.optimizers.Adam(1e-3), jit_compile=jit)
    x = tf.constant(np.random.default_rng(0).random((BATCH, 784)), tf.float32)
    model.optimizer.build(model.trainable_variables)

    @tf.function(jit_compile=jit)
    def train():
        return model.train_step(x)["loss"]

    return train


def compare(title, contenders):
    for run in contenders.values():
        run()
    seconds = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, run in contenders.items():
            began = time.perf_counter()
            for _ in range(STEPS):
                value = run()
            value.numpy()
            seconds[name].append(time.perf_counter() - began)
    plain = seconds["plain"]
    for name, values in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(values, plain, strict=True))
        print(f"{title:38} {name:16} {1000 * statistics.median(values) / STEPS:8.2f} ms   {ratio:6.2f}")


def main():
    for jit in (True, False):
        how = "XLA" if jit else "graph"
        for widths, activation in (
            ([], "sigmoid"),
            ([256], "linear"),
            ([256], "sigmoid"),
            ([512, 256], "linear"),
        ):
            contenders = {"plain": step(widths, None, activation, jit)}
            contenders["exact"] = step(widths, SquaredJacobian(0.01), activation, jit)
            contenders["one probe"] = step(widths, SquaredJacobian(0.01, probes=1), activation, jit)
            if not jit:
                contenders["batch_jacobian"] = step(widths, BatchJacobian(0.01), activation, jit)
            shape = "-".join(map(str, [784, *widths, 32]))
            compare(f"{shape} {activation} code, {how}", contenders)


if __name__ == "__main__":
    main()
