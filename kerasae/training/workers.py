"""Worker processes that train: their start, and how many there are.

This module does not import TensorFlow: a new process unpickles `start_worker` first, and the function then
imports TensorFlow without its messages.
"""

import os
import signal
import warnings

from kerasae.backend import import_tensorflow


def start_worker(jobs: int) -> None:
    """Prepare a worker process.

    The process gets its share of the cores, and leaves Ctrl-C to its parent.

    Args:
        jobs: Number of worker processes on this machine.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The parent has read the same data and shown the same warnings.
    warnings.simplefilter("ignore")
    import_tensorflow(threads=max(1, (os.cpu_count() or 1) // jobs) if jobs > 1 else None)


def default_jobs() -> int:
    """Return the usual number of trainings at a time: one for each core, at most 4, and 1 on a GPU."""
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        return 1
    return max(1, min(4, os.cpu_count() or 1))
