"""Logs: the memory of a streamed log does not grow with its rows."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

READ = """
import resource, sys, warnings
from kerasae.data.series._logs import read_log
warnings.simplefilter("ignore")
log = read_log(sys.argv[1], stream=True, labels="label")
print(len(log), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def write(path, rows):
    draw = np.random.default_rng(0)
    with path.open("w") as file:
        for first in range(0, rows, 100_000):
            times = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(first, first + 100_000), unit="s")
            frame = pd.DataFrame(draw.normal(size=(100_000, 3)).round(3), times)
            frame["label"] = (draw.random(100_000) < 0.01).astype(int)
            frame = frame[draw.random(100_000) > 0.02]
            frame.to_csv(file, header=["a", "b", "c", "label"] if not first else False, index_label="time")
    return path


@pytest.mark.slow
def test_ten_times_the_rows_take_the_same_memory(tmp_path):
    if sys.platform != "linux":
        pytest.skip("only Linux counts the most memory in kilobytes")
    most = []
    for rows in (1_000_000, 10_000_000):
        path = write(tmp_path / "log.csv", rows)
        told = subprocess.run([sys.executable, "-c", READ, path], capture_output=True, text=True, check=True)
        count, kilobytes = map(int, told.stdout.split())
        assert abs(count - rows) < 10
        most.append(kilobytes)
    assert most[1] < 1.1 * most[0]
