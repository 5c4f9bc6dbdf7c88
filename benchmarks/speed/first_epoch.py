"""Seconds of the first epoch, with compilation, and of a whole short training: kerasae and plain Keras.

    python -m benchmarks.speed.first_epoch CONTENDER IMAGES EPOCHS

runs one contender: `kerasae`, which is `kerasae.train`; `keras`, what the Keras documentation shows; or
`keras-xla`, the same with XLA and 16 steps a call.
"""

import time
from functools import partial

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row
from benchmarks.speed._epochs import clock, images, keras_model
from benchmarks.speed._turns import take_turn, turns

HIDDEN, CODE, BATCH = 512, 16, 256
#: Share of the images that each epoch validates.
VALIDATION = 0.1


def kerasae(path: str, epochs: str) -> dict[str, float]:
    from kerasae import Recipe, train

    recipe = Recipe.of(
        "variational",
        source=path,
        latent_dim=CODE,
        data={"test": 0.0001, "validation": VALIDATION, "calibration": 0.0},
        network={"name": "dense", "widths": [HIDDEN]},
        loss={"name": "bernoulli"},
        train={"epochs": int(epochs), "batch_size": BATCH},
    )
    data, watch = recipe.load(), clock()
    began = time.perf_counter()
    train(recipe.build(data), data, **recipe.train, callbacks=[watch])
    return {"first": watch.seconds[0], "whole": time.perf_counter() - began}


def keras(
    path: str, epochs: str, jit_compile: bool = False, steps_per_execution: int = 1
) -> dict[str, float]:
    rows, watch = images(path), clock()
    began = time.perf_counter()
    x = rows.astype("float32") / 255
    held = round(VALIDATION * len(x))
    model = keras_model(HIDDEN, CODE, jit_compile=jit_compile, steps_per_execution=steps_per_execution)
    model.fit(
        x[held:],
        x[held:],
        batch_size=BATCH,
        epochs=int(epochs),
        validation_data=(x[:held], x[:held]),
        verbose=0,
        callbacks=[watch],
    )
    return {"first": watch.seconds[0], "whole": time.perf_counter() - began}


CONTENDERS = {
    "kerasae": kerasae,
    "keras": keras,
    "keras-xla": partial(keras, jit_compile=True, steps_per_execution=16),
}


def training(epochs: int, place: Place, seed: int) -> dict[str, float]:
    path = place.data / "mnist" / "train-images-idx3-ubyte.gz"
    found = turns("benchmarks.speed.first_epoch", [*CONTENDERS], [path, epochs])
    figures = {f"{key}_{name}": found.median(name, key) for key in ("first", "whole") for name in CONTENDERS}
    for other in ("keras", "keras-xla"):
        figures[f"against_{other}"] = found.ratio("kerasae", other, "whole")
        figures[f"spread_{other}"] = found.spread("kerasae", other, "whole")
    return figures


RESULT = Result(
    title="Seconds of the first epoch and of a short training",
    source="Measured here, side by side",
    protocol=(
        "Variational autoencoder 784-512-16 on the 60,000 images of MNIST, of which a tenth is validated "
        "after each epoch; Bernoulli likelihood, Adam, float32, batches of 256. The images are in memory. A "
        "first epoch contains its compilation and its validation; a whole training also contains the "
        "construction of the model. Medians of five turns. A ratio is that of the whole trainings, the "
        "median over the turns; its spread is the range of the five as a share of it."
    ),
    measures={
        "first_kerasae": Measure("first epoch, kerasae, s"),
        "first_keras": Measure("first epoch, Keras, s"),
        "first_keras-xla": Measure("first epoch, Keras, XLA, s"),
        "whole_kerasae": Measure("whole, kerasae, s"),
        "whole_keras": Measure("whole, Keras, s"),
        "whole_keras-xla": Measure("whole, Keras, XLA, s"),
        "against_keras": Measure("kerasae / Keras"),
        "spread_keras": Measure("its spread, %", digits=0),
        "against_keras-xla": Measure("kerasae / Keras, XLA"),
        "spread_keras-xla": Measure("its spread, %", digits=0),
    },
    rows=(
        Row("1 epoch", partial(training, 1)),
        Row("3 epochs", partial(training, 3)),
        Row("10 epochs", partial(training, 10)),
    ),
    notes=(
        "XLA compiles once: the steps of a call are a loop inside one program, and a validation is compiled "
        "only where the training is long enough (`gains_from_xla`).",
        "TensorFlow 2.21 can keep compiled programs in a folder (`TF_XLA_FLAGS="
        "--tf_xla_persistent_cache_directory=...`). It saved 1.2 s of a first epoch of 3.1 s on 784-64-8. It "
        "is not used: of a damaged file TensorFlow says OutOfRangeError, which Keras takes for the end of "
        "the data, so that a training ends at once and without an error.",
    ),
)

if __name__ == "__main__":
    take_turn(CONTENDERS)
