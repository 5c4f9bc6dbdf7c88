"""Seconds of an epoch of a variational autoencoder on MNIST: kerasae, Keras, PyTorch, Pythae, and the floor.

The contenders take turns, each in a process of its own; the medians of five turns are shown. Needs `pip
install torch==2.13.0 pythae` beside kerasae; they are no dependencies.
"""

import importlib.util
from functools import partial

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row, UnavailableError
from benchmarks.speed._turns import turns

CONTENDERS = ("kerasae", "keras", "keras-xla", "torch", "pythae", "floor")
#: Epochs of a turn; the first is shown by itself.
EPOCHS = 10


def epochs(hidden: int, code: int, batch: int, place: Place, seed: int) -> dict[str, float]:
    missing = [name for name in ("torch", "pythae") if importlib.util.find_spec(name) is None]
    if missing:
        raise UnavailableError(
            f"Expected {' and '.join(missing)} beside kerasae: pip install torch==2.13.0 pythae."
        )
    images = place.data / "mnist" / "train-images-idx3-ubyte.gz"
    arguments = [str(images), *map(str, (hidden, code, batch, EPOCHS))]
    found = turns("benchmarks.speed._epochs", CONTENDERS, arguments)
    figures = {name: found.median(name, "epoch") for name in CONTENDERS}
    figures["first"] = found.median("kerasae", "first")
    figures["of_floor"] = 100 * found.ratio("floor", "kerasae", "epoch")
    figures["spread_floor"] = found.spread("floor", "kerasae", "epoch")
    for name in ("torch", "pythae"):
        figures[f"against_{name}"] = found.ratio(name, "kerasae", "epoch")
        figures[f"spread_{name}"] = found.spread(name, "kerasae", "epoch")
    return figures


RESULT = Result(
    title="Seconds of an epoch",
    source="Measured here, side by side",
    protocol=(
        "Variational autoencoder on the 60,000 images of MNIST, Bernoulli likelihood, Adam, float32; the "
        "median epoch after the first. Floor: the matrix products alone. Medians of five turns; "
        "a ratio is the median over the turns, and its spread is the range of the five as a share of it."
    ),
    measures={
        "kerasae": Measure("kerasae, s"),
        "keras": Measure("Keras `fit`, s"),
        "keras-xla": Measure("Keras, XLA, 16 steps a call, s"),
        "torch": Measure("PyTorch loop, s"),
        "pythae": Measure("Pythae, s"),
        "floor": Measure("floor, s"),
        "first": Measure("kerasae's first epoch, s"),
        "of_floor": Measure("floor / kerasae, %", digits=0, less=False),
        "spread_floor": Measure("spread, %", digits=0),
        "against_torch": Measure("PyTorch / kerasae", less=False),
        "spread_torch": Measure("spread, %", digits=0),
        "against_pythae": Measure("Pythae / kerasae", less=False),
        "spread_pythae": Measure("spread, %", digits=0),
    },
    rows=(
        Row("784-512-16, batch 256", partial(epochs, 512, 16, 256), goal={"of_floor": 80}),
        Row(
            "784-64-8, batch 128",
            partial(epochs, 64, 8, 128),
            goal={"against_torch": 1.8, "against_pythae": 3.0},
        ),
    ),
)
