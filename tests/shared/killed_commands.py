"""`kerasae` as a process of its own, which SIGKILL ends before one of its changes of the disk."""

import os
import signal
import sys

from warm_processes import command, run_function

_CHANGES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir"}


def killed(home, step, *arguments):
    """Kill a command before a change of the disk, counted from 0, in its working folder."""
    assert _run(home, step, arguments).returncode == -signal.SIGKILL


def changes(home, *arguments):
    """Run a whole command; return the number of its changes of its working folder."""
    done = _run(home, -1, arguments)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.split()[-2])


def _run(home, last, arguments):
    return run_function(home, _watched, int(last), *map(str, arguments), timeout=120)


def _watched(last, *arguments):
    home, count = os.getcwd(), 0  # noqa: PTH109

    def is_change(event, details):
        if event == "open":
            path, _, flags = details
            if isinstance(path, int) or not flags & (os.O_WRONLY | os.O_RDWR):
                return False
        elif event not in _CHANGES:
            return False
        return os.path.abspath(os.fsdecode(details[0])).startswith(home + os.sep)  # noqa: PTH100

    def hook(event, details):
        nonlocal count
        if is_change(event, details):
            count += 1
            if count > last >= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.dont_write_bytecode = True
    sys.addaudithook(hook)
    try:
        command(*arguments)
    finally:
        print(count, "changes", file=sys.stderr)
