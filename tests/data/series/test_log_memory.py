"""Logs: the memory of a streamed log does not grow with its rows."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

READ = """
import resource, sys, warnings
from kerasae.data.series._logs import read_log
warnings.simplefilter("ignore")
log = read_log(sys.argv[1], stream=True, labels="label")
print(len(log), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def write(path, rows):
    draw = np.random.default_rng(0)
    with path.open("wb") as file:
        for first in range(0, rows, 100_000):
            kept = draw.random(100_000) > 0.02
            times = np.datetime64("2024-01-01", "s") + np.arange(first, first + 100_000)[kept]
            columns = {"time": times, **{name: draw.normal(size=kept.sum()).round(3) for name in "abc"}}
            columns["label"] = (draw.random(kept.sum()) < 0.01).astype(int)
            # A tenth of the time of pandas.
            csv.write_csv(pa.table(columns), file, csv.WriteOptions(include_header=not first))
    return path


@pytest.mark.slow
def test_ten_times_the_rows_take_the_same_memory(tmp_path):
    if sys.platform != "linux":
        pytest.skip("only Linux counts the most memory in kilobytes")
    most = []
    for rows in (500_000, 5_000_000):
        path = write(tmp_path / "log.csv", rows)
        told = subprocess.run([sys.executable, "-c", READ, path], capture_output=True, text=True, check=True)
        count, kilobytes = map(int, told.stdout.split())
        assert abs(count - rows) < 10
        most.append(kilobytes)
    assert most[1] < 1.1 * most[0]
