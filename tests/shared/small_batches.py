"""Logs in many small batches, so that a short one shows what happens where a batch ends."""

import contextlib

import pytest

from kerasae.data._files import csv_file
from kerasae.data.series._logs._regular import grid, order, recording


@contextlib.contextmanager
def small_batches(most=64, chunk=16):
    """Streamed logs come in blocks of a few rows; at most `most` of them are sorted at a time.

    Args:
        most: Number of rows by which a row may come late.
        chunk: Number of rows from which the phase of a grid is found, also in memory.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_file, "BLOCK", 1 << 10)
        patch.setattr(recording, "_HELD", 1)
        patch.setattr(order, "_MOST_ROWS", most)
        patch.setattr(grid, "_CHUNK", chunk)
        yield
