"""Seconds of a fit of the default detector, beside the same in plain Keras and the matrix products alone.

    python -m benchmarks.speed.detector_fit CONTENDER ROWS COLUMNS

runs one contender in a new process, after its imports: `kerasae`, `AutoencoderDetector().fit`; `start`, a fit
of ten steps; `keras`, the same network, noise and steps by `keras.Model.fit` and a quantile of the errors of
held-out rows; or `floor`, the matrix products of the training steps alone.
"""

import itertools
import time
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row
from benchmarks.speed._turns import seconds_of, take_turn, turns

#: Share of the rows that set the threshold, as in the detector.
HELD_OUT, FALSE_ALARMS = 0.2, 0.05


def rows_of(rows: str, columns: str) -> np.ndarray:
    """Return rows of numbers that hang together."""
    rng = np.random.default_rng(0)
    count = int(columns)
    return rng.normal(size=(int(rows), count)) @ rng.normal(size=(count, count))


def preset(columns: str) -> dict[str, Any]:
    """Return the settings of the preset for so many columns."""
    from kerasae.presets import settings
    from kerasae.spec import Spec

    return settings("detector", Spec("vector", (int(columns),)))


def kerasae(rows: str, columns: str, steps: int | None = None) -> dict[str, float]:
    from kerasae.sklearn import AutoencoderDetector

    x = rows_of(rows, columns)
    settings = {} if steps is None else {"train.steps": steps}
    return {"fit": seconds_of(lambda: AutoencoderDetector(settings=settings, random_state=0).fit(x))}


def keras(rows: str, columns: str) -> dict[str, float]:
    import keras as plain
    from keras import ops

    asked, x = preset(columns), rows_of(rows, columns)
    noise = asked["model.corruption"]

    class Noise(plain.layers.Layer):
        """Adds Gaussian noise of a random strength to each row."""

        def __init__(self) -> None:
            super().__init__()
            self.seeds = plain.random.SeedGenerator(0)

        def call(self, inputs: Any, training: bool = False) -> Any:
            if not training:
                return inputs
            share = plain.random.uniform((ops.shape(inputs)[0], 1), seed=self.seeds)
            strength = noise["level"] * ops.power(0.05, share)
            return inputs + strength * plain.random.normal(ops.shape(inputs), seed=self.seeds)

    began = time.perf_counter()
    order = np.random.default_rng(0).permutation(len(x))
    held, kept = np.split(x[order], [round(HELD_OUT * len(x))])
    mean, deviation = kept.mean(axis=0), kept.std(axis=0)
    held, kept = ((part - mean) / deviation for part in (held, kept))
    dense = partial(plain.layers.Dense, activation=asked["network.activation"])
    model = plain.Sequential([plain.Input((x.shape[1],)), Noise()])
    for width in asked["network.widths"]:
        model.add(dense(width))
    model.add(plain.layers.Dense(asked["network.latent_dim"]))
    for width in reversed(asked["network.widths"]):
        model.add(dense(width))
    model.add(plain.layers.Dense(x.shape[1]))
    steps, batch = asked["train.steps"], min(asked["train.batch_size"], len(kept))
    rate = plain.optimizers.schedules.CosineDecay(asked["train.learning_rate"], steps)
    model.compile(plain.optimizers.Adam(rate), loss="mse")
    epochs = -(-steps // -(-len(kept) // batch))
    model.fit(kept, kept, batch_size=batch, epochs=epochs, verbose=0)
    errors = np.square(model.predict(held, batch_size=1024, verbose=0) - held).mean(axis=1)
    np.quantile(errors, 1 - FALSE_ALARMS)
    return {"fit": time.perf_counter() - began}


def floor(rows: str, columns: str) -> dict[str, float]:
    import tensorflow as tf

    asked = preset(columns)
    widths = asked["network.widths"]
    batch = min(asked["train.batch_size"], round((1 - HELD_OUT) * int(rows)))
    sizes = [int(columns), *widths, asked["network.latent_dim"], *reversed(widths), int(columns)]
    layers = [
        tuple(tf.random.normal(shape) for shape in ((batch, ins), (ins, outs), (batch, outs)))
        for ins, outs in itertools.pairwise(sizes)
    ]

    @tf.function
    def run(count: Any) -> Any:
        total = 0.0
        for _ in tf.range(count):
            for number, (x, kernel, gradient) in enumerate(layers):
                # The sum keeps each product from being moved out of the loop.
                moved = x + 1e-9 * total
                total += tf.matmul(moved, kernel)[0, 0] + tf.matmul(moved, gradient, transpose_a=True)[0, 0]
                if number:
                    total += tf.matmul(gradient + 1e-9 * total, kernel, transpose_b=True)[0, 0]
        return total

    run(tf.constant(2))
    return {"fit": seconds_of(lambda: run(tf.constant(asked["train.steps"])).numpy())}


CONTENDERS = {"kerasae": kerasae, "start": partial(kerasae, steps=10), "keras": keras, "floor": floor}


def measured(rows: int, columns: int, place: Place, seed: int) -> dict[str, float]:
    found = turns("benchmarks.speed.detector_fit", [*CONTENDERS], [rows, columns])
    return {
        **{name: found.median(name, "fit") for name in CONTENDERS},
        "ratio": found.ratio("kerasae", "keras", "fit"),
        "spread": found.spread("kerasae", "keras", "fit"),
    }


def row(rows: int, columns: int) -> Row:
    return Row(f"{rows:,} rows of {columns} columns", partial(measured, rows, columns))


RESULT = Result(
    title="A fit of the detector",
    source="Measured here, side by side",
    protocol=(
        "`AutoencoderDetector().fit` in a new process, after the imports: build, compile, train, fit the "
        "score, calibrate. Keras: the same network, noise, optimizer and number of steps by `fit`, and a "
        "quantile of the errors of the held-out fifth. Medians of five turns. The ratio is the median over "
        "the turns; its spread is the range of the five as a share of it."
    ),
    measures={
        "kerasae": Measure("kerasae, s"),
        "start": Measure("its first ten steps, s"),
        "keras": Measure("Keras, s"),
        "floor": Measure("matrix products, s"),
        "ratio": Measure("kerasae / Keras"),
        "spread": Measure("its spread, %", digits=0),
    },
    rows=(row(5_000, 10), row(50_000, 30)),
)

if __name__ == "__main__":
    take_turn(CONTENDERS)
