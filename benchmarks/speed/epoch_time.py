"""Seconds of an epoch of a variational autoencoder on MNIST: kerasae, Keras, PyTorch, Pythae, and the floor.

The contenders take turns, each in a process of its own; the medians of five turns are shown. Needs `pip
install torch==2.13.0 pythae` beside kerasae; they are no dependencies.
"""

import importlib.util
from functools import partial

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row, UnavailableError
from benchmarks.speed._turns import medians

CONTENDERS = ("kerasae", "keras", "keras-xla", "torch", "pythae", "floor")
#: Epochs of a turn; the first is shown by itself.
EPOCHS = 6


def epochs(hidden: int, code: int, batch: int, place: Place, seed: int) -> dict[str, float]:
    missing = [name for name in ("torch", "pythae") if importlib.util.find_spec(name) is None]
    if missing:
        raise UnavailableError(
            f"Expected {' and '.join(missing)} beside kerasae: pip install torch==2.13.0 pythae."
        )
    images = place.data / "mnist" / "train-images-idx3-ubyte.gz"
    arguments = [str(images), *map(str, (hidden, code, batch, EPOCHS))]
    found = medians("benchmarks.speed._epochs", CONTENDERS, arguments)
    ours = found["kerasae"]["epoch"]
    figures = {name: found[name]["epoch"] for name in CONTENDERS}
    figures["first"] = found["kerasae"]["first"]
    figures["of_floor"] = 100 * found["floor"]["epoch"] / ours
    return figures | {f"against_{name}": found[name]["epoch"] / ours for name in ("torch", "pythae")}


RESULT = Result(
    title="Seconds of an epoch",
    source="Measured here, side by side",
    protocol=(
        "Variational autoencoder on the 60,000 images of MNIST, Bernoulli likelihood, Adam, float32; the "
        "median epoch after the first, of five turns. Floor: the matrix products of the network alone."
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
        "against_torch": Measure("PyTorch / kerasae", less=False),
        "against_pythae": Measure("Pythae / kerasae", less=False),
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
