"""Peak memory of `kerasae train` on a sensor log of ten million rows, beside one million.

    python -m benchmarks.series.memory [--rows 1000000 10000000] [--window 32] [--stride 1]

Makes CSV files of four channels with a stamp and a label in each row, missing readings, missing rows, rows
out of order and readings far out of range, and trains on each through the command line, with its evaluation
and its page. The readings stay on disk (`data.stream=true`). Printed is the peak of resident memory of the
whole command (the kernel's own high-water mark), beside that of an idle process with TensorFlow and Keras.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from benchmarks.speed._peak import IDLE, peak

#: Rows that are written at a time.
_ROWS = 500_000


def write_log(path: Path, count: int) -> None:
    """Write a log with a row a second: in 100,000 rows two gaps, 1 % missing readings, some faults."""
    with path.open("wb") as file:
        for start in range(0, count, _ROWS):
            table = _part(start, min(_ROWS, count - start))
            csv.write_csv(table, file, csv.WriteOptions(include_header=start == 0, quoting_style="none"))


def _part(start: int, count: int) -> pa.Table:
    rng = np.random.default_rng(start)
    rows = np.arange(start, start + count)
    turn, load = 2 * np.pi * rows / 24, 1 + 0.3 * np.sin(2 * np.pi * rows / 390)
    values = np.stack([load * np.sin(turn), 100 + 3 * load * np.cos(turn), 350 + 8 * load, np.cos(turn)], 1)
    values += rng.normal(scale=(0.1, 0.3, 0.5, 0.1), size=values.shape)
    values[rng.random(values.shape) < 0.01] = np.nan
    # A sensor that answers with a code for a fault.
    values[rng.random(count) < 2e-5, 2] = -32768
    kept = rows % 50_000 > 60
    order = np.arange(count)
    swapped = np.flatnonzero(rows % 10_007 == 5_000)[:-1]
    order[swapped], order[swapped + 1] = order[swapped + 1], order[swapped]
    chosen = order[kept[order]]
    stamps = np.datetime64("2026-01-01", "s") + rows[chosen].astype("timedelta64[s]")
    names = ("flow", "pressure", "heat", "current")
    columns = {
        name: pa.array(np.round(values[chosen, n], 3), from_pandas=True) for n, name in enumerate(names)
    }
    label = np.where(rows[chosen] % 9_000 < 100, "odd", "good")
    return pa.table({"time": stamps, **columns, "label": label})


def main() -> None:
    """Print a line for each log, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--window", default="32")
    parser.add_argument("--stride", default="1")
    options = parser.parse_args()
    kerasae = str(Path(sys.executable).with_name("kerasae"))
    print(f"an idle process with TensorFlow and Keras: {peak(sys.executable, '-c', IDLE):.0f} MiB")
    found = []
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as home:
            log = Path(home) / "log.csv"
            write_log(log, rows)
            command = [kerasae, "train", str(log), "--time", "time", "--labels", "label"]
            command += ["--window", options.window, "--stride", options.stride, "--epochs", "1"]
            command += ["--batch-size", "1024", "--set", "data.stream=true", "--out", f"{home}/run"]
            began = time.perf_counter()
            used = peak(*command)
            seconds = time.perf_counter() - began
            size = log.stat().st_size / 2**20
        found.append(used)
        print(f"{rows:>11,} rows, {size:5.0f} MiB on disk{used:8.0f} MiB{seconds:8.0f} s", flush=True)
    print(f"ratio of the last to the first {found[-1] / found[0]:.3f}")


if __name__ == "__main__":
    main()
