"""Peak memory of `kerasae train` on ten times the data.

    python benchmarks/peak_memory.py

Makes folders of 5,000 and 50,000 images, and CSV files of 100,000 and 1,000,000 rows, and trains on
each through the command line, with its evaluation and its page. Printed is the peak of resident
memory above that of an idle process with TensorFlow and Keras loaded, all measured the same way (the
kernel's own high-water mark of a process of its own). A folder is always streamed, a table on
request.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

IDLE = "import tensorflow, keras; keras.ops.ones(1)"
MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def peak(*command: str) -> tuple[float, float]:
    """Peak resident memory of a command in MiB, and its seconds."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return int(done.stdout) / 1024, time.perf_counter() - began


def write_images(folder: Path, count: int) -> None:
    """Smooth random colour images of 32 x 32."""
    rng = np.random.default_rng(0)
    patterns = rng.integers(0, 256, (16, 4, 4, 3)).astype("uint8")
    large = [np.asarray(Image.fromarray(one).resize((32, 32)), "float32") for one in patterns]
    for number in range(count):
        mixed = np.tensordot(rng.dirichlet(np.ones(16)), np.stack(large), 1)
        where = folder / f"{number % 100:02}"
        where.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mixed.astype("uint8")).save(where / f"{number}.png")


def write_table(path: Path, count: int) -> None:
    """Eight numbers and two categories that hang together, with 10 % missing."""
    rng = np.random.default_rng(0)
    for start in range(0, count, 100_000):
        rows = min(100_000, count - start)
        hidden = rng.normal(size=(rows, 3))
        frame = pd.DataFrame(hidden @ rng.normal(size=(3, 8)), columns=[f"n{i}" for i in range(8)]).round(4)
        frame["kind"] = np.where(hidden[:, 0] > 0, "left", "right")
        frame["place"] = np.char.add("p", (np.abs(hidden[:, 1]) * 9).astype(int).astype(str))
        frame = frame.mask(rng.random(frame.shape) < 0.1)
        frame.to_csv(path, index=False, mode="a" if start else "w", header=not start)


def main() -> None:
    kerasae = str(Path(sys.executable).with_name("kerasae"))
    idle, _ = peak(sys.executable, "-c", IDLE)
    print(f"an idle process with TensorFlow and Keras: {idle:.0f} MiB; all below is above that")
    with tempfile.TemporaryDirectory() as home:
        for kind, sizes, write, options in (
            ("images", (5_000, 50_000), write_images, []),
            ("rows", (100_000, 1_000_000), write_table, ["--set", "data.stream=true", "--batch-size", "512"]),
        ):
            found = []
            for size in sizes:
                source = Path(home) / f"{size}{'' if kind == 'images' else '.csv'}"
                write(source, size)
                command = [kerasae, "train", str(source), "--epochs", "2", *options]
                used, seconds = peak(*command, "--out", f"{home}/run-{size}")
                found.append(used - idle)
                print(f"{size:>9,} {kind:8}{used - idle:8.0f} MiB{seconds:8.0f} s", flush=True)
            print(f"{'':9} ratio   {found[1] / found[0]:8.3f}")


if __name__ == "__main__":
    main()
