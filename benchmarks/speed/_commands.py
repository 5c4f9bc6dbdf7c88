"""Commands of kerasae in processes of their own, and their duration."""

import subprocess
import sys
import time


def seconds_of_command(*arguments: object) -> float:
    """Return the duration of a Python process, from its start to its end, in seconds.

    Args:
        arguments: Arguments of Python, such as `-m kerasae train ...`.

    Raises:
        RuntimeError: If the process fails. The message holds what it wrote.
    """
    command = [sys.executable, *map(str, arguments)]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"Expected {' '.join(command)} to succeed, received: {done.stderr.strip()}")
    return seconds
