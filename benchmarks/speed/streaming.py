"""Images a second that a folder streams to a training, beside what their decoding alone takes.

    python -m benchmarks.speed.streaming CONTENDER FOLDER SECONDS

runs one contender for so many seconds, after some batches that warm it up: `streaming`, shuffled batches of
`Data.training_batches`; `files`, the same files read and decoded by `tf.io`, as many at a time as there are
cores; or `bytes`, the same decoding of bytes that are in memory already. All of them stay in the graph.
"""

import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row
from benchmarks.speed._epochs import images
from benchmarks.speed._turns import take_turn, turns

#: Number of files in a folder, and rows of a batch.
FILES, BATCH = 4000, 128
#: Batches that are drawn in one call.
TOGETHER = 8
#: Seconds of a turn, after the call that warms up.
SECONDS = 10.0


def speed(batches: Any, seconds: str) -> dict[str, float]:
    """Return the images a second of an endless dataset of batches, which is not begun again meanwhile."""
    import tensorflow as tf

    drawn = iter(batches)

    # Batches are drawn in the graph, as a training draws them, so that none becomes a Python object.
    @tf.function
    def several() -> Any:
        count = tf.constant(0)
        for _ in tf.range(TOGETHER):
            count += tf.shape(next(drawn))[0]
        return count

    several()
    began, total = time.perf_counter(), 0
    while (taken := time.perf_counter() - began) < float(seconds):
        total += int(several())
    return {"images": total / taken}


def streaming(folder: str, seconds: str) -> dict[str, float]:
    from kerasae import Recipe

    recipe = Recipe.of(
        source=folder, data={"test": 0.001, "validation": 0.001, "calibration": 0.0}, latent_dim=8
    )
    data = recipe.load()
    assert data.streamed
    batches, _, _ = data.training_batches(BATCH, seed=0)
    return speed(batches, seconds)


def decoding(in_memory: bool, folder: str, seconds: str) -> dict[str, float]:
    import tensorflow as tf

    paths = sorted(map(str, Path(folder).iterdir()))
    decode = tf.io.decode_png if paths[0].endswith("png") else tf.io.decode_jpeg
    shape = decode(tf.io.read_file(paths[0])).shape
    source = tf.constant([Path(path).read_bytes() for path in paths] if in_memory else paths)

    def image(entry: Any) -> Any:
        return tf.ensure_shape(decode(entry if in_memory else tf.io.read_file(entry)), shape)

    # A call of `map` for each image takes longer than the decoding of a small one.
    def together(numbers: Any) -> Any:
        entries = tf.gather(source, numbers)
        output = tf.TensorSpec(shape, tf.uint8)
        return tf.map_fn(image, entries, fn_output_signature=output, parallel_iterations=16)

    numbers = tf.data.Dataset.range(len(paths)).repeat().batch(BATCH, drop_remainder=True)
    cores = os.cpu_count() or 1
    return speed(numbers.map(together, num_parallel_calls=cores, deterministic=False).prefetch(2), seconds)


CONTENDERS = {
    "streaming": streaming,
    "files": partial(decoding, False),
    "bytes": partial(decoding, True),
}


def digits(place: Place, folder: Path) -> None:
    """Write images of MNIST as PNG files."""
    from PIL import Image

    rows = images(str(place.data / "mnist" / "train-images-idx3-ubyte.gz"))[:FILES]
    for number, row in enumerate(rows):
        Image.fromarray(row.reshape(28, 28)).save(folder / f"{number:05}.png")


def crops(side: int, ending: str, place: Place, folder: Path) -> None:
    """Write squares of photographs, each at a random place of a random photograph."""
    from PIL import Image

    rng = np.random.default_rng(0)
    paths = sorted((place.data / "photos" / "train").glob("*.png"))
    photographs = [np.asarray(Image.open(path).convert("L")) for path in paths]
    large = [one for one in photographs if min(one.shape) >= side]
    for number in range(FILES):
        one = large[rng.integers(len(large))]
        top, left = (rng.integers(length - side + 1) for length in one.shape)
        square = Image.fromarray(one[top : top + side, left : left + side])
        square.save(folder / f"{number:05}.{ending}", quality=90)


def measured(write: Callable[[Place, Path], None], place: Place, seed: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "images"
        folder.mkdir()
        write(place, folder)
        found = turns("benchmarks.speed.streaming", [*CONTENDERS], [folder, SECONDS])
    figures = {name: found.median(name, "images") for name in CONTENDERS}
    for name in ("files", "bytes"):
        figures[f"of_{name}"] = 100 * found.ratio("streaming", name, "images")
        figures[f"spread_{name}"] = found.spread("streaming", name, "images")
    return figures


RESULT = Result(
    title="Streaming of a folder of images",
    source="Measured here, side by side",
    protocol=(
        "4,000 files, shuffled batches of 128 as a training draws them, scaled to [0, 1], beside the "
        "decoding of the same files by `tf.io`, a batch at a time for each core, from the files and from "
        "memory. The files are in the memory of the system. A turn lasts ten seconds. The shares are "
        "medians over five turns; the spread is the range of the five as a share of the median."
    ),
    measures={
        "streaming": Measure("streaming, images a second", digits=0, less=False),
        "files": Measure("reading and decoding, images a second", digits=0, less=False),
        "bytes": Measure("decoding alone, images a second", digits=0, less=False),
        "of_files": Measure("share of reading and decoding, %", digits=0, less=False),
        "spread_files": Measure("its spread, %", digits=0),
        "of_bytes": Measure("share of decoding alone, %", digits=0, less=False),
        "spread_bytes": Measure("its spread, %", digits=0),
    },
    rows=(
        Row("MNIST, 28 x 28, PNG", partial(measured, digits), goal={"of_bytes": 90}),
        Row(
            "photographs, 128 x 128, JPEG",
            partial(measured, partial(crops, 128, "jpg")),
            goal={"of_bytes": 90},
        ),
        Row(
            "photographs, 128 x 128, PNG",
            partial(measured, partial(crops, 128, "png")),
            goal={"of_bytes": 90},
        ),
    ),
)

if __name__ == "__main__":
    take_turn(CONTENDERS)
