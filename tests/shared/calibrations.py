"""`kerasae calibrate` as a process of its own, which a test can kill."""

import subprocess
import sys
import time

#: The imports take most of the time of a process, and nothing is written in it.
_CALIBRATE = """
import sys
from kerasae.cli import main
from kerasae.workflows import calibrate
print("go", flush=True)
main(sys.argv[1:])
"""


def started_calibration(folder, site, rate):
    """Return the process, whose imports are done, and the time of that moment."""
    arguments = ["calibrate", str(folder), str(site), "--false-alarms", str(rate)]
    process = subprocess.Popen(
        [sys.executable, "-c", _CALIBRATE, *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "go\n"
    return process, time.monotonic()
