"""`kerasae` as a process of its own, which SIGKILL ends before one of its changes of the disk."""

import subprocess
import sys

_RUN = """
import os, signal, sys
from kerasae.cli import main

HOME, LAST = os.getcwd(), int(sys.argv[1])
CHANGES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir"}
count = 0


def is_change(event, arguments):
    if event == "open":
        path, _, flags = arguments
        if isinstance(path, int) or not flags & (os.O_WRONLY | os.O_RDWR):
            return False
    elif event not in CHANGES:
        return False
    return os.path.abspath(os.fsdecode(arguments[0])).startswith(HOME + os.sep)


def hook(event, arguments):
    global count
    if is_change(event, arguments):
        count += 1
        if count > LAST >= 0:
            os.kill(os.getpid(), signal.SIGKILL)


sys.addaudithook(hook)
try:
    main(sys.argv[2:])
finally:
    print(count, "changes", file=sys.stderr)
"""


def killed(home, step, *arguments):
    """Kill a command before a change of the disk, counted from 0, in its working folder."""
    assert _run(home, step, arguments).returncode == -9


def changes(home, *arguments):
    """Run a whole command; return the number of its changes of its working folder."""
    done = _run(home, -1, arguments)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.split()[-2])


def _run(home, last, arguments):
    command = [sys.executable, "-B", "-c", _RUN, str(last), *map(str, arguments)]
    return subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=120)
