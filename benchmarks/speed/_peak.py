"""Peak of the resident memory of a command."""

import os
import subprocess
import sys

#: A process with TensorFlow and Keras that does nothing else.
IDLE = "import tensorflow, keras; keras.ops.ones(1)"
_MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def peak(*command: str) -> float:
    """Return the peak of the resident memory of a command in MiB, the kernel's own high-water mark.

    Raises:
        RuntimeError: If the command fails. The message holds what it wrote.
    """
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, *command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    if done.returncode:
        raise RuntimeError(f"Expected {' '.join(command)} to succeed, received: {done.stderr.strip()}")
    return int(done.stdout.split()[-1]) / 1024
