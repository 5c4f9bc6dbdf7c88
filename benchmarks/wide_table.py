"""What a table of many numeric columns costs in a CSV file, as a ratio to the same numbers in a `.npy` file.

    python benchmarks/wide_table.py --columns 100 1000 10000

Each file is trained on by `kerasae train` in a process of its own: reading, three epochs, the figures beside
PCA, and the page. Both are taken in turn, several times, and the medians are compared: seconds of the
processor, which other work on the machine hardly changes, with those of an empty process with TensorFlow
taken away.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

IDLE = "from kerasae.backend import import_tensorflow; import_tensorflow()"


def seconds(command):
    """Seconds of the processor that a process and its children take."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(folder, rows, columns, epochs, repetitions):
    """Median seconds for both files, above an idle process."""
    x = np.random.default_rng(0).normal(size=(rows, columns)).round(4)
    sources = {"npy": folder / "wide.npy", "csv": folder / "wide.csv"}
    np.save(sources["npy"], x)
    names = ",".join(f"c{number}" for number in range(columns))
    np.savetxt(sources["csv"], x, fmt="%.4f", delimiter=",", header=names, comments="")
    taken = {name: [] for name in sources}
    for repetition in range(repetitions):
        idle = seconds([sys.executable, "-c", IDLE])
        for name, source in sources.items():
            out = folder / f"{name}-{columns}-{repetition}"
            options = ["train", str(source), "--epochs", str(epochs), "--out", str(out)]
            taken[name].append(seconds([sys.executable, "-m", "kerasae", *options]) - idle)
    return {name: statistics.median(values) for name, values in taken.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--columns", type=int, nargs="+", default=[100, 1000, 10000])
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--repetitions", type=int, default=3)
    given = parser.parse_args()
    print("columns   npy (s)   csv (s)   ratio")
    with tempfile.TemporaryDirectory() as folder:
        for columns in given.columns:
            found = measure(Path(folder), given.rows, columns, given.epochs, given.repetitions)
            ratio = found["csv"] / found["npy"]
            print(f"{columns:7,} {found['npy']:9.1f} {found['csv']:9.1f} {ratio:7.2f}", flush=True)


if __name__ == "__main__":
    main()
