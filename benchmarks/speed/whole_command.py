"""Seconds of the whole command `kerasae train` on MNIST, beside the seconds of its epochs.

    python -m benchmarks.speed.whole_command FAMILY IMAGES EPOCHS

runs the command once. The seconds of the epochs are those that the run keeps in `training.json`: from the
first step to the end of the last validation, with the compilation.
"""

import json
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row
from benchmarks.speed._commands import seconds_of_command
from benchmarks.speed._turns import turns

EPOCHS = 10
#: The goal: so many times the seconds of the epochs, and so many seconds beside.
FACTOR, SECONDS = 1.25, 6.0


def command(family: str, path: str, epochs: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as home:
        out = Path(home) / "run"
        options = ["--model", family, "--epochs", epochs, "--out", out]
        whole = seconds_of_command("-m", "kerasae", "train", path, *options)
        trained = json.loads((out / "training.json").read_text())["seconds"]
    return {
        "command": whole,
        "epochs": trained,
        "beside": whole - trained,
        "bound": FACTOR * trained + SECONDS,
    }


def measured(family: str, place: Place, seed: int) -> dict[str, float]:
    path = place.data / "mnist" / "train-images-idx3-ubyte.gz"
    found = turns("benchmarks.speed.whole_command", [family], [path, EPOCHS])
    runs = found.figures[family]
    shares = sorted(one["command"] / one["bound"] for one in runs)
    return {
        **found.medians()[family],
        "share": shares[len(shares) // 2],
        "spread": 100 * (shares[-1] - shares[0]) / shares[len(shares) // 2],
    }


RESULT = Result(
    title="The whole command `kerasae train`",
    source="Measured here",
    protocol=(
        "`kerasae train` on the 60,000 images of MNIST for ten epochs, all else at its default: a process "
        "from its start to its end, with reading, training, the files of the run, its figures beside PCA, "
        "and its page. The bound is 1.25 times the seconds of the epochs, and 6 seconds beside; the epochs "
        "contain their compilation. Medians of five turns; the spread is the range of the five as a share of "
        "their median."
    ),
    measures={
        "command": Measure("command, s", digits=1),
        "epochs": Measure("its epochs, s", digits=1),
        "beside": Measure("all else, s", digits=1),
        "bound": Measure("bound, s", digits=1),
        "share": Measure("command / bound"),
        "spread": Measure("its spread, %", digits=0),
    },
    rows=(
        Row("undercomplete, the default", partial(measured, "undercomplete"), goal={"share": 1.0}),
        Row("variational", partial(measured, "variational"), goal={"share": 1.0}),
    ),
)

if __name__ == "__main__":
    print(json.dumps(command(*sys.argv[1:])))
