"""Peak memory of `kerasae train` on data that are streamed, and on ten times as many.

    python -m benchmarks.speed.streaming_memory CONTENDER KIND FOLDER

runs one contender: the command on `tenth` or `whole`, two sources in the folder, or an `idle` process. A
folder of images is always streamed, a table on request.
"""

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row
from benchmarks.speed._peak import IDLE, peak
from benchmarks.speed._turns import take_turn, turns

#: The memory may grow by so much when the data become ten times as many.
MOST = 1.1
#: Ending of the name of a source, and options of `kerasae train`, by the kind of the source.
SUFFIXES = {"images": "", "rows": ".csv"}
OPTIONS = {"images": (), "rows": ("--set", "data.stream=true", "--batch-size", "512")}


def write_images(folder: Path, count: int) -> None:
    """Write smooth random colour images of 32 x 32 as PNG files."""
    from PIL import Image

    rng = np.random.default_rng(0)
    patterns = rng.integers(0, 256, (16, 4, 4, 3)).astype("uint8")
    large = np.stack([np.asarray(Image.fromarray(one).resize((32, 32)), "float32") for one in patterns])
    for number in range(count):
        mixed = np.tensordot(rng.dirichlet(np.ones(16)), large, 1)
        where = folder / f"{number % 100:02}"
        where.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mixed.astype("uint8")).save(where / f"{number}.png")


def write_rows(path: Path, count: int) -> None:
    """Write eight numbers and two categories that hang together as a CSV file, with 10 % missing."""
    import pandas as pd

    rng = np.random.default_rng(0)
    for start in range(0, count, 100_000):
        rows = min(100_000, count - start)
        hidden = rng.normal(size=(rows, 3))
        frame = pd.DataFrame(hidden @ rng.normal(size=(3, 8)), columns=[f"n{i}" for i in range(8)]).round(4)
        frame["kind"] = np.where(hidden[:, 0] > 0, "left", "right")
        frame["place"] = np.char.add("p", (np.abs(hidden[:, 1]) * 9).astype(int).astype(str))
        frame = frame.mask(rng.random(frame.shape) < 0.1)
        frame.to_csv(path, index=False, mode="a" if start else "w", header=not start)


WRITERS: dict[str, Callable[[Path, int], None]] = {"images": write_images, "rows": write_rows}


def used(name: str, kind: str, folder: str) -> dict[str, float]:
    if name == "idle":
        return {"mebibytes": peak(sys.executable, "-c", IDLE)}
    with tempfile.TemporaryDirectory() as home:
        options = ["--epochs", "2", *OPTIONS[kind], "--out", f"{home}/run"]
        source = str(Path(folder) / f"{name}{SUFFIXES[kind]}")
        return {"mebibytes": peak(sys.executable, "-m", "kerasae", "train", source, *options)}


CONTENDERS = {name: partial(used, name) for name in ("idle", "tenth", "whole")}


def measured(kind: str, count: int, place: Place, seed: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as home:
        for name, size in (("tenth", count // 10), ("whole", count)):
            WRITERS[kind](Path(home) / f"{name}{SUFFIXES[kind]}", size)
        found = turns("benchmarks.speed.streaming_memory", [*CONTENDERS], [kind, home])
    idle, tenth, whole = (found.median(name, "mebibytes") for name in CONTENDERS)
    return {
        "idle": idle,
        "tenth": tenth - idle,
        "whole": whole - idle,
        "ratio": (whole - idle) / (tenth - idle),
        "spread": found.spread("whole", "tenth", "mebibytes"),
    }


RESULT = Result(
    title="Peak memory of a streamed training",
    source="Measured here, side by side",
    protocol=(
        "`kerasae train` for two epochs, with its evaluation and its page; the peak of resident memory above "
        "that of an idle process with TensorFlow and Keras. The growth is the ratio of the two peaks above "
        "idle. Medians of five turns; the spread is the range of the ratio of the whole peaks, as a share of "
        "it."
    ),
    measures={
        "idle": Measure("idle, MiB", digits=0),
        "tenth": Measure("a tenth, MiB above idle", digits=0),
        "whole": Measure("all, MiB above idle", digits=0),
        "ratio": Measure("growth"),
        "spread": Measure("its spread, %", digits=0),
    },
    rows=(
        Row("50,000 PNG files of 32 x 32", partial(measured, "images", 50_000), goal={"ratio": MOST}),
        Row("CSV of 1,000,000 rows", partial(measured, "rows", 1_000_000), goal={"ratio": MOST}),
    ),
)

if __name__ == "__main__":
    take_turn(CONTENDERS)
