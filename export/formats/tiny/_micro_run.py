"""Program that runs a file on the interpreter for microcontrollers.

    python _micro_run.py MODEL.tflite ROWS.npy ANSWERS.npz [ARENA_BYTES]

It is a separate process because the interpreter ends its process when it meets an unknown operation, after a
message on stderr. The rows are int8, with one call for each. The program stores the answers, the median time
of a call in seconds, and the size of the working memory (arena) in bytes: ARENA_BYTES, or the smallest one
with which the file runs.
"""

import contextlib
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tflite_micro.python.tflite_micro.runtime import Interpreter

#: Size of an arena that is larger than the memory of any microcontroller.
_MOST = 64 * 2**20


def main(model: str, rows: str, answers: str, arena: str = "") -> None:
    """Run all rows."""
    content, given = Path(model).read_bytes(), np.load(rows)
    interpreter = Interpreter.from_bytes(content, arena_size=int(arena or _MOST))
    outputs, times = [], []
    for row in given:
        interpreter.set_input(row[None], 0)
        began = time.perf_counter()
        interpreter.invoke()
        times.append(time.perf_counter() - began)
        outputs.append(np.array(interpreter.get_output(0)))
    least = int(arena) if arena else _least_arena(content, given[0])
    np.savez(answers, answers=np.concatenate(outputs), seconds=np.median(times), arena_bytes=least)


def _least_arena(content: bytes, row: np.ndarray, step: int = 16) -> int:
    """Return the size of the smallest arena in which a row can be run, found by bisection.

    The interpreter reports a smaller one, because its planner needs memory in addition.
    """
    interpreter = Interpreter.from_bytes(content, arena_size=_MOST)
    interpreter.set_input(row[None], 0)
    interpreter.invoke()
    with tempfile.TemporaryFile() as said, _errors_to(said.fileno()):
        interpreter.print_allocations()
        said.seek(0)
        reported = re.search(rb"Arena allocation total (\d+) bytes", said.read())
    if reported is None:
        raise RuntimeError("Expected the interpreter to report its arena, it did not.")
    low = int(reported[1]) // step * step
    high = low + step
    with Path(os.devnull).open("w") as nowhere, _errors_to(nowhere.fileno()):
        while not _suffices(content, row, high):
            low, high = high, 2 * high
        while high - low > step:
            middle = (low + high) // 2 // step * step
            low, high = (low, middle) if _suffices(content, row, middle) else (middle, high)
    return high


def _suffices(content: bytes, row: np.ndarray, arena: int) -> bool:
    """Return whether an arena is large enough. A separate process tries it, because a failure may end it."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            interpreter = Interpreter.from_bytes(content, arena_size=arena)
            interpreter.set_input(row[None], 0)
            interpreter.invoke()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


@contextlib.contextmanager
def _errors_to(target: int) -> Iterator[None]:
    """Redirect the error stream, also for code that is not Python."""
    sys.stderr.flush()
    kept = os.dup(2)
    os.dup2(target, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


if __name__ == "__main__":
    main(*sys.argv[1:])
