"""Time of a fit of the default detector on 5,000 rows of 10 columns, beside its matrix products and before.

Each figure is processor time on one thread, the least of the repetitions; the cases alternate. A fit is that
of `AutoencoderDetector`: build, compile, train, fit the score, calibrate. Its start is a fit of ten steps.
The products are those of the training steps: forward, and two backward for each layer but the first. `before`
is the preset as it was: 3,000 steps of 256 rows with 256 units, and the whitened residual.

    python benchmarks/detector/fit_time.py [--repeats 3]
"""

import argparse
import itertools
import os
import time
from collections.abc import Sequence

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from kerasae.presets import settings
from kerasae.sklearn import AutoencoderDetector
from kerasae.spec import Spec

_ROWS, _COLUMNS = 5000, 10
_BEFORE = {
    "train.steps": 3000,
    "train.batch_size": 256,
    "train.learning_rate": 1e-3,
    "network.widths": [256, 256],
    "network.latent_dim": 128,
}


def fit(rows: np.ndarray, score: str | None, more: dict[str, object]) -> float:
    """Seconds of a fit."""
    began = time.process_time()
    AutoencoderDetector(anomaly_score=score, settings=more, random_state=0).fit(rows)
    return time.process_time() - began


def products(widths: Sequence[int], latent_dim: int, steps: int, batch: int) -> float:
    """Seconds of the matrix products of all training steps."""
    sizes = [_COLUMNS, *widths, latent_dim, *reversed(widths), _COLUMNS]
    layers = [
        (
            tf.random.normal((batch, inputs)),
            tf.random.normal((inputs, outputs)),
            tf.random.normal((batch, outputs)),
        )
        for inputs, outputs in itertools.pairwise(sizes)
    ]

    @tf.function
    def run(count: tf.Tensor) -> tf.Tensor:
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
    began = time.process_time()
    run(tf.constant(steps))
    return time.process_time() - began


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(_ROWS, _COLUMNS)) @ rng.normal(size=(_COLUMNS, _COLUMNS))
    preset = settings("detector", Spec("vector", (_COLUMNS,)))
    steps, batch = preset["train.steps"], preset["train.batch_size"]
    shape = preset["network.widths"], preset["network.latent_dim"]
    fit(rows, None, {"train.steps": 10})
    cases = {
        "a fit now": lambda: fit(rows, None, {}),
        "its start": lambda: fit(rows, None, {"train.steps": 10}),
        "its products": lambda: products(*shape, steps, batch),
        "a fit before": lambda: fit(rows, "whitened", _BEFORE),
        "its products before": lambda: products([256, 256], 128, 3000, 256),
    }
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(arguments.repeats):
        for name, case in cases.items():
            seconds[name].append(case())
    least = {name: min(values) for name, values in seconds.items()}
    print("| | seconds of processor time |\n| --- | ---: |")
    for name, value in least.items():
        print(f"| {name} | {value:.2f} |")
    now, start = least["a fit now"], least["its start"]
    print(f"\nnow / before: {now / least['a fit before']:.2f}")
    print(f"now / its products: {now / least['its products']:.2f}")
    print(f"steps alone / their products: {(now - start) / least['its products']:.2f}")


if __name__ == "__main__":
    main()
