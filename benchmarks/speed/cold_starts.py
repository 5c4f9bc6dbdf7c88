"""Seconds of a command of kerasae from a cold start, beside `import tensorflow`.

    python -m benchmarks.speed.cold_starts CONTENDER RUN

runs a contender once: a command on a small run of digits, or `tensorflow`, a process that imports TensorFlow
and does nothing else. Each is a new process; the files of the libraries are in the memory of the system after
the first turn.
"""

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row
from benchmarks.speed._commands import seconds_of_command
from benchmarks.speed._turns import take_turn, turns

#: Arguments of each command. A word in capitals stands for a folder.
COMMANDS = {
    "train, one epoch": ("train", "digits", "--epochs", "1", "--out", "OUT"),
    "evaluate": ("evaluate", "RUN"),
    "apply anomaly": ("apply", "anomaly", "RUN", "--out", "OUT"),
    "apply reduction": ("apply", "reduction", "RUN", "--out", "OUT"),
    "export, SavedModel": ("export", "RUN", "--out", "OUT", "--format", "saved_model"),
    "export, TFLite float32": (
        *("export", "RUN", "--out", "OUT", "--format", "tflite"),
        *("--precision", "float32"),
    ),
    "export, all defaults": ("export", "RUN", "--out", "OUT"),
}
#: Epochs of the run that the commands read.
EPOCHS = 5


def command(arguments: Sequence[str], run: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as home:
        folders = {"RUN": run, "OUT": str(Path(home) / "out")}
        words = [folders.get(argument, argument) for argument in arguments]
        return {"seconds": seconds_of_command("-m", "kerasae", *words)}


def tensorflow(run: str) -> dict[str, float]:
    return {"seconds": seconds_of_command("-c", "import tensorflow")}


CONTENDERS = {
    "tensorflow": tensorflow,
    **{name: partial(command, arguments) for name, arguments in COMMANDS.items()},
}


def measured(name: str, place: Place, seed: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as home:
        run = Path(home) / "run"
        seconds_of_command("-m", "kerasae", "train", "digits", "--epochs", EPOCHS, "--out", run)
        found = turns("benchmarks.speed.cold_starts", [name, "tensorflow"], [run])
    return {
        "command": found.median(name, "seconds"),
        "tensorflow": found.median("tensorflow", "seconds"),
        "ratio": found.ratio(name, "tensorflow", "seconds"),
        "spread": found.spread(name, "tensorflow", "seconds"),
    }


RESULT = Result(
    title="Cold starts",
    source="Measured here, side by side",
    protocol=(
        "A command of kerasae on a run of digits of five epochs, from the start of its process to its end, "
        'beside `python -c "import tensorflow"`. Medians of five turns. The ratio is the median over the '
        "turns; its spread is the range of the five as a share of it."
    ),
    measures={
        "command": Measure("command, s"),
        "tensorflow": Measure("import tensorflow, s"),
        "ratio": Measure("ratio"),
        "spread": Measure("its spread, %", digits=0),
    },
    rows=tuple(Row(name, partial(measured, name)) for name in COMMANDS),
)

if __name__ == "__main__":
    take_turn(CONTENDERS)
