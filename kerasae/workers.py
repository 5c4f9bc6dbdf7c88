"""How a process that trains begins.

It imports nothing of TensorFlow by itself: a new process unpickles this function first, and what
TensorFlow writes while it is imported is caught from here.
"""

import os
import signal
import warnings

from kerasae.backend import import_tensorflow


def start_worker(jobs: int) -> None:
    """Prepares a process that is one of `jobs`: its share of the cores, and Ctrl-C left to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The parent has read the same data and said the same.
    warnings.simplefilter("ignore")
    import_tensorflow(threads=max(1, (os.cpu_count() or 1) // jobs) if jobs > 1 else None)
