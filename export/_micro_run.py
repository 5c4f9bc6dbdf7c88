"""Runs a file on the interpreter for microcontrollers; a program of its own.

    python _micro_run.py MODEL.tflite ROWS.npy ANSWERS.npz

The interpreter ends the process where it meets something that it does not know, and says why on
stderr: nothing else must die with it. The rows are int8, one call each; stored are the answers, the
median time of a call in seconds and the bytes of working memory (arena) that the calls took.
"""

import re
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from tflite_micro.python.tflite_micro.runtime import Interpreter


def main(model: str, rows: str, answers: str) -> None:
    """Runs all rows."""
    interpreter = Interpreter.from_bytes(Path(model).read_bytes(), arena_size=ARENA_BYTES)
    found, times = [], []
    for row in np.load(rows):
        interpreter.set_input(row[None], 0)
        began = time.perf_counter()
        interpreter.invoke()
        times.append(time.perf_counter() - began)
        found.append(np.array(interpreter.get_output(0)))
    np.savez(
        answers,
        answers=np.concatenate(found),
        seconds=np.median(times),
        arena_bytes=_arena_bytes(interpreter),
    )


#: Given to the interpreter, far more than a microcontroller has; what is used of it is reported.
ARENA_BYTES = 64 * 2**20


def _arena_bytes(interpreter: Interpreter) -> int:
    """What the interpreter reports, which it writes on the stream of errors alone."""
    import os

    with tempfile.TemporaryFile() as caught:
        sys.stderr.flush()
        kept = os.dup(2)
        os.dup2(caught.fileno(), 2)
        try:
            interpreter.print_allocations()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        caught.seek(0)
        found = re.search(rb"Arena allocation total (\d+) bytes", caught.read())
    if found is None:
        raise RuntimeError("Expected the interpreter to report its arena, it did not.")
    return int(found[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
